// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// What computes on GPUs.
public enum ComputeBackend: String, Sendable, CaseIterable {
  /// NVIDIA's.
  case cuda
  /// AMD's, which runs the code of CUDA.
  case rocm
  /// Apple's.
  case metal
  /// Of all vendors.
  case vulkan
  /// None: all is computed in host memory.
  case cpu

  /// Its name in sentences.
  public var title: String {
    switch self {
    case .cuda: "CUDA"
    case .rocm: "ROCm"
    case .metal: "Metal"
    case .vulkan: "Vulkan"
    case .cpu: "the processor"
    }
  }

  /// The name of a GPU in llama.cpp's options.
  func deviceName(_ index: Int) -> String {
    switch self {
    case .rocm: "ROCm\(index)"
    case .metal: "MTL\(index)"
    case .vulkan: "Vulkan\(index)"
    case .cuda, .cpu: "CUDA\(index)"
    }
  }

  /// Whether its figures were compared with llama.cpp's own.
  public var isHeld: Bool { self == .cuda || self == .cpu }
}

/// What sets the buffers of a backend apart.
struct BackendRules {
  /// What tensors begin at multiples of.
  let alignment: Int
  /// Whether quantized rows are padded, as CUDA's kernels read them in pieces.
  let padsRows: Bool
  /// Whether the experts' results last until one kernel has added them up.
  let keepsExperts: Bool
  /// Whether what a router computes lasts until one kernel has chosen the experts.
  let keepsRouting: Bool
  /// Whether kernels need room beside their results as Metal's do.
  let hasScratch: Bool

  init(_ backend: ComputeBackend, fuses: Bool) {
    let isCUDA = backend == .cuda || backend == .rocm
    padsRows = isCUDA
    hasScratch = backend == .metal
    keepsExperts = fuses && (isCUDA || backend == .metal)
    keepsRouting = keepsExperts || (fuses && backend == .vulkan)
    alignment =
      switch backend {
      case .cuda, .rocm: BufferAlignment.gpu
      case .metal, .cpu: BufferAlignment.host
      case .vulkan: BufferAlignment.vulkan
      }
  }

  /// Bytes behind rows of quantized weights.
  func padding(_ type: TensorType, row weights: Int) -> Int {
    padsRows ? RowPadding.bytes(type, row: weights) : 0
  }
}

/// What tensors of a buffer begin at multiples of.
enum BufferAlignment {
  static let gpu = 128
  static let host = 32
  /// Host memory that GPUs copy from.
  static let pinned = 64
  /// The most that Vulkan lets a device ask for.
  static let vulkan = 256
}

/// CUDA reads quantized rows in pieces of 512 weights: the last row of a tensor is padded to one.
enum RowPadding {
  static func bytes(_ type: TensorType, row weights: Int) -> Int {
    guard type.isQuantized, weights % 512 != 0 else { return 0 }
    return type.bytes(ofRow: 512 - weights % 512)
  }
}
