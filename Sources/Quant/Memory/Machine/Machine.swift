// SPDX-License-Identifier: MIT
public import GGUF

/// A computer, as far as fitting a model and the speed of decoding depend on it.
public struct Machine: Sendable, Equatable {
  /// The processor with its memory, or a GPU with its own.
  public struct Device: Sendable, Equatable {
    /// What its memory can deliver, in GB/s (10⁹ bytes), as the maker states it; `nil` if not said.
    public var bandwidth: Double?
    /// The part of the bandwidth that decoding reaches.
    public var efficiency: Double
    /// Bytes of its memory that are free for a model; `nil` if not said.
    public var memoryBytes: Int?
    /// Seconds that a layer of experts takes beyond reading its weights; `nil` for
    /// `Machine.mixtureLayerSeconds`.
    public var mixtureLayerSeconds: Double?
    /// The most GB of weights a second that can be decoded of a type, where that is less than memory
    /// delivers.
    public var ceilings: [TensorType: Double] = [:]

    /// A device of which only the efficiency is known.
    public init(efficiency: Double) { self.efficiency = efficiency }

    /// Bytes a second that weights of a type are read at; `nil` without a bandwidth.
    public func rate(of type: TensorType) -> Double? {
      guard let bandwidth else { return nil }
      return min(bandwidth * efficiency, ceilings[type] ?? .infinity) * 1e9
    }
  }

  /// What to call the machine.
  public var name: String?
  /// The processor and its memory.
  public var cpu = Device(efficiency: Machine.cpuEfficiency)
  /// The GPUs, in the order in which the runtime numbers them.
  public var gpus: [Device] = []
  /// What goes over the bus to a GPU, in GB/s as measured, not as stated; `nil` if not said.
  public var busBandwidth: Double?

  /// A machine of which nothing is known.
  public init() {}

  // These constants and those of `RunKind` were fitted to the runs in Docs/Memory.md.

  /// The part of the memory bandwidth that decoding reaches on a processor.
  public static let cpuEfficiency = 0.79
  /// The same on a GPU.
  public static let gpuEfficiency = 0.78
  /// Seconds that a layer without experts takes on a GPU beyond reading.
  static let layerSeconds = 0.035e-3
  /// The same of a layer of experts.
  static let mixtureLayerSeconds = 0.075e-3
  /// Seconds that a layer takes more where the processor computes its experts, and a GPU the rest.
  static let splitLayerSeconds = 0.6e-3

  /// GPUs beyond this number are taken for a slip of the pen.
  static let mostGPUs = 64
}

extension Machine {
  /// Sets one value by the key it has in a machine description.
  ///
  /// Throws nothing; returns why the key or the value cannot be taken, or `nil` if all is well.
  mutating func set(_ key: String, _ value: String) -> String? {
    let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
    let setting = parts.count > 1 ? parts[1] : "bandwidth"
    switch parts.first {
    case "name" where parts.count == 1:
      name = value
      return nil
    case "pcie" where parts.count == 1:
      return Self.number(value, "GB/s", in: 0.001...100_000) { busBandwidth = $0 }
    case "cpu": return cpu.set(setting, value)
    case let part? where part.hasPrefix("gpu"): return setGPU(part, setting, value)
    default: return "expected a key such as cpu, gpu, gpu1.memory or pcie, found \"\(key)\""
    }
  }

  private mutating func setGPU(_ name: String, _ setting: String, _ value: String) -> String? {
    let digits = name.dropFirst("gpu".count)
    guard let index = digits.isEmpty ? 0 : Int(digits), (0..<Self.mostGPUs).contains(index) else {
      return "expected gpu, or gpu0 to gpu\(Self.mostGPUs - 1), found \"\(name)\""
    }
    while gpus.count <= index { gpus.append(Device(efficiency: Self.gpuEfficiency)) }
    return gpus[index].set(setting, value)
  }

  /// Reads a number and hands it on; returns what is wrong with it, if anything.
  fileprivate static func number(
    _ text: String, _ unit: String, in range: ClosedRange<Double>, _ take: (Double) -> Void
  ) -> String? {
    guard let value = Double(text), range.contains(value) else {
      return "expected a number from \(range.lowerBound) to \(range.upperBound) (\(unit)), found"
        + " \"\(text)\""
    }
    take(value)
    return nil
  }
}

extension Machine.Device {
  fileprivate mutating func set(_ setting: String, _ value: String) -> String? {
    switch setting {
    case "bandwidth":
      return Machine.number(value, "GB/s", in: 0.001...1_000_000) { bandwidth = $0 }
    case "efficiency":
      return Machine.number(value, "a part of one", in: 0.001...1) { efficiency = $0 }
    case "layer":
      return Machine.number(value, "ms a layer of experts", in: 0...10_000) {
        mixtureLayerSeconds = $0 / 1000
      }
    case "memory": return setMemory(value)
    default: return setCeiling(setting, value)
    }
  }

  private mutating func setMemory(_ value: String) -> String? {
    do throws(Amount.Fault) {
      let bytes = try Amount.bytes(value)
      guard bytes > 0 else { throw .noSize }
      memoryBytes = bytes
      return nil
    } catch {
      return "expected \(error.expectation), found \"\(value)\""
    }
  }

  private mutating func setCeiling(_ setting: String, _ value: String) -> String? {
    let parts = setting.split(separator: ".").map(String.init)
    guard parts.count == 2, parts[0] == "ceiling", let type = TensorType(name: parts[1]) else {
      return "expected memory, efficiency, layer or ceiling.TYPE after the point, found"
        + " \"\(setting)\""
    }
    return Machine.number(value, "GB/s", in: 0.001...1_000_000) { ceilings[type] = $0 }
  }
}
