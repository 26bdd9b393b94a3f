// SPDX-License-Identifier: MIT
public import QuantModels

/// A machine, or a part of one, with figures that its maker publishes.
public struct NamedMachine: Sendable {
  /// What its memory serves.
  public enum Kind: String, Sendable {
    /// A graphics card.
    case gpu
    /// A processor and a GPU in one memory.
    case unified
    /// A processor with memory of a usual kind, of any size.
    case processor
  }

  /// The name in options.
  public let name: String
  /// What it is.
  public let title: String
  /// What its memory serves.
  public let kind: Kind
  /// Its memory; `nil` where it may have any size.
  public let memoryBytes: Int?
  /// What its memory can deliver, in GB/s.
  public let bandwidth: Double
  /// Where that is published.
  public let source: String

  init(
    _ name: String, _ title: String, _ kind: Kind, _ memoryGiB: Int?, _ bandwidth: Double,
    _ source: String
  ) {
    (self.name, self.title, self.kind) = (name, title, kind)
    memoryBytes = memoryGiB.map { $0 << 30 }
    (self.bandwidth, self.source) = (bandwidth, source)
  }

  /// All of them.
  public static var all: [NamedMachine] { table }

  /// Bytes that a GPU may take of memory that it shares: what Metal recommends, two thirds up to
  /// 32 GiB and three quarters beyond.
  var sharedBytes: Int? {
    memoryBytes.map { $0 <= 32 << 30 ? $0 / 3 * 2 : $0 / 4 * 3 }
  }
}

extension Machine {
  /// Puts a machine together from names, as in `rtx3090+rtx3090+ryzen-ddr5`.
  ///
  /// - Parameters:
  ///   - names: Names of `NamedMachine.all`, in any case, with `+` between them.
  ///   - option: What to call the text in errors.
  /// - Throws: `QuantError.content` for a name that there is not, with the nearest that there is, and
  ///   for two processors.
  public init(names: String, option: String) throws(QuantError) {
    self.init()
    name = names
    for name in names.split(separator: "+", omittingEmptySubsequences: false) {
      try add(Self.part(String(name).lowercased(), option), option)
    }
    guard gpus.count <= Self.mostGPUs else {
      throw .content(
        file: option, line: 0,
        what: "expected at most \(Self.mostGPUs) GPUs, found \(gpus.count)")
    }
  }

  private static func part(_ name: String, _ option: String) throws(QuantError) -> NamedMachine {
    if let part = NamedMachine.all.first(where: { $0.name == name }) { return part }
    let near = NearName.question(name, among: NamedMachine.all.map(\.name))
    throw .content(
      file: option, line: 0,
      what: "there is neither a machine nor a file named \"\(name)\"\(near); --machines lists them")
  }

  private mutating func add(_ part: NamedMachine, _ option: String) throws(QuantError) {
    if part.kind != .processor {
      var gpu = Device(efficiency: Self.gpuEfficiency)
      gpu.bandwidth = part.bandwidth
      gpu.memoryBytes = part.kind == .unified ? part.sharedBytes : part.memoryBytes
      gpus.append(gpu)
    }
    guard part.kind != .gpu else { return }
    guard cpu.bandwidth == nil else {
      throw .content(
        file: option, line: 0, what: "expected one processor, found another: \(part.name)")
    }
    cpu.bandwidth = part.bandwidth
    cpu.memoryBytes = part.memoryBytes.flatMap { all in part.sharedBytes.map { all - $0 } }
  }
}
