// SPDX-License-Identifier: MIT

/// The kernels, compiled for one level of the CPU.
public final class KernelTable: Sendable {
  /// The searches that formats share.
  public let searches: any SearchKernels.Type
  /// The kernels of the forward pass.
  public let layers: any LayerKernels.Type
  /// The kernels of error feedback.
  public let feedback: any FeedbackKernels.Type
  private let decoders: [UInt32: DecodeKernel]
  private let encoders: [UInt32: EncodeKernel]

  /// Restores blocks of one format.
  public typealias DecodeKernel = @Sendable (BlockRun) -> Void

  /// Writes blocks of one format.
  public typealias EncodeKernel =
    @Sendable (GroupSource, Effort, GroupMemory, UnsafeMutableRawPointer) -> Void

  /// Takes the kernels of a level, compiled for it as a whole: nothing here may run on a machine without
  /// its instructions.
  package init(_ kernels: any KernelSet.Type) {
    let formats = FormatKernels()
    kernels.addFormats(to: formats)
    searches = kernels
    layers = kernels
    feedback = kernels
    decoders = formats.decoders
    encoders = formats.encoders
  }

  /// Decodes whole blocks into floats.
  ///
  /// - Parameters:
  ///   - blocks: Blocks one after the other, any number of rows.
  ///   - format: Their format.
  ///   - weights: The destination, one float a weight.
  /// - Precondition: `blocks` holds exactly the blocks for `weights.count` weights, and that is a
  ///   multiple of the block's weights.
  /// - Complexity: O(*n*) in weights; no allocation.
  public func decode(
    _ blocks: RawSpan, of format: any BlockFormat.Type, into weights: inout MutableSpan<Float>
  ) {
    let layout = format.layout
    let count = weights.count / layout.weightsPerBlock
    // With these counts, all that the kernel reads and writes lies in the spans.
    precondition(
      count * layout.weightsPerBlock == weights.count
        && count * layout.bytesPerBlock == blocks.byteCount,
      "\(format.type): \(blocks.byteCount) bytes cannot hold \(weights.count) weights")
    let kernel = decoder(of: format)
    unsafe weights.withUnsafeMutableBufferPointer { weights in
      unsafe blocks.withUnsafeBytes { blocks in
        guard let source = blocks.baseAddress, let target = weights.baseAddress else { return }
        kernel(unsafe BlockRun(blocks: source, count: count, weights: target))
      }
    }
  }

  private func decoder(of format: any BlockFormat.Type) -> DecodeKernel {
    guard let kernel = decoders[format.type.rawValue] else {
      preconditionFailure("\(format.type) is missing in visitFormats")
    }
    return kernel
  }

  func encoder(of format: any KernelEncodedFormat.Type) -> EncodeKernel {
    guard let kernel = encoders[format.type.rawValue] else {
      preconditionFailure("\(format.type) is missing in visitFormats")
    }
    return kernel
  }
}

/// All kernels of one level of the CPU: what the module of a level compiles.
public protocol KernelSet: SearchKernels, LayerKernels, FeedbackKernels {
  /// Adds the kernels of every format, in the order of the list.
  static func addFormats(to formats: FormatKernels)
}

/// Collects the kernels of formats.
public final class FormatKernels {
  fileprivate var decoders: [UInt32: KernelTable.DecodeKernel] = [:]
  fileprivate var encoders: [UInt32: KernelTable.EncodeKernel] = [:]

  /// Adds a format's decoder.
  public func add(_ format: any BlockFormat.Type, decoder: @escaping KernelTable.DecodeKernel) {
    decoders[format.type.rawValue] = decoder
  }

  /// Adds a format's encoder.
  public func add(
    _ format: any KernelEncodedFormat.Type, encoder: @escaping KernelTable.EncodeKernel
  ) {
    encoders[format.type.rawValue] = encoder
  }
}
