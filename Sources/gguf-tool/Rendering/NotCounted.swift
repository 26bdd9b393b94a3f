// SPDX-License-Identifier: MIT
import Quant

/// What estimates leave out, with what was measured of it.
struct NotCounted {
  /// What a driver keeps on a GPU, for programs.
  struct Context: Encodable {
    let backend: String
    let leastBytes: Int
    let mostBytes: Int
    let source: String
  }

  /// All of it, for programs.
  struct JSON: Encodable {
    /// On each GPU.
    let driverContext: [Context]
    /// Of one checkpoint of a sequence in host memory, where a server keeps some that are not counted.
    let checkpointBytes: Int?
    let checkpointsPerSequence: Int?
  }

  private let checkpointBytes: Int?

  init(_ fit: MemoryFit, _ runtime: RuntimeProfile) {
    let isCounted = fit.others.contains { $0.kind == .checkpoints }
    let bytes = runtime == .llamaServer && !isCounted ? fit.model.checkpointBytes(fit.options) : 0
    checkpointBytes = bytes > 0 ? bytes : nil
  }

  /// The sentence for people.
  var sentence: String {
    let measured = DriverContext.measured.map { context in
      "\(context.backend) \(context.bytes.lowerBound >> 20) to \(context.bytes.upperBound >> 20) MiB"
    }
    let checkpoints = checkpointBytes.map { bytes in
      "; and context checkpoints in host memory, up to \(BesideModel.usualCheckpoints) a sequence of at most"
        + " \(Units.shortBytes(bytes)) each (--ctx-checkpoints)"
    }
    return "Not counted: what the driver keeps on each GPU (measured: "
      + measured.joined(separator: ", ") + "; nothing is published for Vulkan and Metal), which the"
      + " margin is for" + (checkpoints ?? "") + "."
  }

  /// The same for programs.
  var json: JSON {
    JSON(
      driverContext: DriverContext.measured.map {
        Context(
          backend: $0.backend, leastBytes: $0.bytes.lowerBound, mostBytes: $0.bytes.upperBound,
          source: $0.source)
      }, checkpointBytes: checkpointBytes,
      checkpointsPerSequence: checkpointBytes == nil ? nil : BesideModel.usualCheckpoints)
  }
}

extension BesideModel.Item.Kind {
  /// What it is, for people.
  var words: String {
    switch self {
    case .projectorWeights: "projector"
    case .projectorCompute: "projector's buffer"
    case .draftWeights: "draft model"
    case .draftCache: "draft's cache"
    case .draftCompute: "draft's buffers"
    case .adapter: "adapter"
    case .checkpoints: "checkpoints"
    }
  }
}
