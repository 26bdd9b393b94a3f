// SPDX-License-Identifier: MIT

/// The program that runs a model, whose rules differ.
public enum RuntimeProfile: String, Sendable, CaseIterable {
  /// llama-cli, llama-bench and their kin: logits for a whole batch.
  case llamaCPP = "llama.cpp"
  /// llama-server: logits for one token of each sequence.
  case llamaServer = "llama.cpp-server"
  /// Ollama of February 2025, with estimates of its own.
  case ollama = "ollama-0.5.11"

  /// The version whose rules these are.
  public var version: String {
    switch self {
    case .llamaCPP, .llamaServer: "0c1e57098"
    case .ollama: "0.5.11"
    }
  }
}

/// Memory that may be used.
public struct MemoryBudget: Sendable, Equatable {
  /// Bytes free on each GPU.
  public var gpus: [Int]
  /// Bytes of host memory; `nil` if it is no limit.
  public var host: Int?
  /// Bytes of each GPU, and of the host, that stay free.
  public var margin: Int
  /// Bytes that something else than the model takes of a device.
  public var reserved: [MemoryDevice: Int] = [:]

  /// What llama.cpp leaves free unless told otherwise.
  public static let defaultMargin = 1 << 30

  /// A budget.
  public init(gpus: [Int], host: Int? = nil, margin: Int = MemoryBudget.defaultMargin) {
    self.gpus = gpus
    self.host = host
    self.margin = margin
  }

  /// Bytes that each GPU may be given.
  var targets: [Int] { gpus.indices.map { gpus[$0] - margin - (reserved[.gpu($0)] ?? 0) } }

  /// Bytes that a device may be given; `nil` without a limit.
  public func target(_ device: MemoryDevice) -> Int? {
    switch device {
    case .host: host.map { $0 - margin - (reserved[.host] ?? 0) }
    case .gpu(let index): gpus.indices.contains(index) ? targets[index] : nil
    }
  }
}
