// SPDX-License-Identifier: MIT
internal import GGUF

/// The speed of decoding one token after the other, or why it cannot be said.
public enum Throughput: Sendable, Equatable {
  /// A speed with what it rests on.
  case modelled(TokenRate)
  /// No speed, and the reason in a sentence.
  case notModelled(String)

  /// The speed, if there is one.
  public var rate: TokenRate? {
    if case .modelled(let rate) = self { rate } else { nil }
  }
}

/// Tokens a second as a range, with what it rests on.
public struct TokenRate: Sendable, Equatable {
  /// One part of the time of a token.
  public struct Term: Sendable, Equatable {
    /// What takes the time: `reading on cpu`, `fetching experts`, …
    public let name: String
    /// Bytes moved; zero for time that does not go with bytes.
    public let bytes: Double
    /// Seconds for a token.
    public let seconds: Double
  }

  /// Tokens a second by the constants of the machine.
  public let tokensPerSecond: Double
  /// Where measurements are expected.
  public let range: ClosedRange<Double>
  /// The parts of a token's time.
  public let terms: [Term]
  /// What the figure rests on, in sentences.
  public let basis: [String]

  /// How far measured dense runs lay from the prediction, rounded up: the half width of the range.
  public static let spread = 0.3
  /// What a layer of experts took beyond reading, at most, where it was measured (ROCm, early 2025).
  static let slowestMixtureLayer = 2.4e-3
}

extension Machine {
  /// The speed at which this machine decodes.
  ///
  /// Batch of one: the time of a token is the time to read what it reads, device after device,
  /// `bytes / min(bandwidth · efficiency, ceiling of the type)`, plus what goes over the bus, plus a
  /// constant for each layer of experts on a GPU (Docs/Memory.md).
  ///
  /// - Parameter traffic: What a token moves.
  /// - Returns: A range, or why none can be given: a bandwidth that is not known, or types whose
  ///   decoding, not the memory, sets the pace.
  /// - Complexity: O(*n*) in devices and types.
  public func throughput(of traffic: TokenTraffic) -> Throughput {
    if let reason = reasonAgainst(traffic) { return .notModelled(reason) }
    let reads = traffic.reads.sorted { $0.key.order < $1.key.order }
    var terms = reads.map { place, bytes in
      TokenRate.Term(
        name: "reading on \(place.name)", bytes: bytes.values.reduce(0, +),
        seconds: bytes.reduce(0) { $0 + $1.value / (device(place)?.rate(of: $1.key) ?? .nan) })
    }
    if traffic.fetchedBytes > 0, let busBandwidth {
      terms.append(
        .init(
          name: "fetching experts", bytes: traffic.fetchedBytes,
          seconds: traffic.fetchedBytes / (busBandwidth * 1e9)))
    }
    let (known, unknown) = mixtureTime(traffic)
    if known > 0 { terms.append(.init(name: "layers of experts", bytes: 0, seconds: known)) }
    return .modelled(rate(terms, slowest: unknown, basis: basis(traffic, isOpen: unknown > 0)))
  }

  private func rate(_ terms: [TokenRate.Term], slowest: Double, basis: [String]) -> TokenRate {
    let seconds = terms.reduce(0) { $0 + $1.seconds }
    let spread = TokenRate.spread
    return TokenRate(
      tokensPerSecond: 1 / seconds,
      range: (1 - spread) / (seconds + slowest)...(1 + spread) / seconds, terms: terms, basis: basis
    )
  }

  /// Seconds of layers of experts on GPUs: those that are known, and the most that the others may take.
  private func mixtureTime(_ traffic: TokenTraffic) -> (known: Double, unknown: Double) {
    traffic.mixtureLayers.reduce(into: (0, 0)) { sum, entry in
      guard case .gpu = entry.key else { return }
      if let seconds = device(entry.key)?.mixtureLayerSeconds {
        sum.known += seconds * Double(entry.value)
      } else {
        sum.unknown += TokenRate.slowestMixtureLayer * Double(entry.value)
      }
    }
  }

  /// The device at a place, if the machine has it.
  public func device(_ place: TokenTraffic.Location) -> Device? {
    switch place {
    case .cpu: cpu
    case .gpu(let index): gpus.indices.contains(index) ? gpus[index] : nil
    }
  }

  private func reasonAgainst(_ traffic: TokenTraffic) -> String? {
    guard traffic.readBytes > 0 else { return "nothing is read for a token" }
    for (place, types) in traffic.reads.sorted(by: { $0.key.order < $1.key.order }) {
      let bytes = types.values.reduce(0, +)
      guard bytes > 0 else { continue }
      guard let device = device(place), device.bandwidth != nil else {
        return "the machine description has no bandwidth for \(place.name)"
      }
      // Unpacking grids on a processor takes longer than reading them.
      let slow = types.keys.filter { $0.isGrid && device.ceilings[$0] == nil }
      if place == .cpu, let type = slow.min(by: { $0.rawValue < $1.rawValue }) {
        return "decoding \(type) on the processor takes longer than reading it; give"
          + " cpu.ceiling.\(type) in the machine description"
      }
    }
    if traffic.fetchedBytes > 0 && busBandwidth == nil {
      return "experts are fetched, and the machine description has no pcie"
    }
    return nil
  }

  private func basis(_ traffic: TokenTraffic, isOpen: Bool) -> [String] {
    let places = traffic.reads.keys.sorted { $0.order < $1.order }
    var basis = places.compactMap { place -> String? in
      guard let device = device(place), let bandwidth = device.bandwidth else { return nil }
      return "\(place.name): \(bandwidth) GB/s, of which \(device.efficiency) is reached"
    }
    if traffic.fetchedBytes > 0, let busBandwidth { basis.append("pcie: \(busBandwidth) GB/s") }
    if isOpen {
      basis.append(
        "a layer of experts on a GPU takes 0 to 2.4 ms beyond reading; gpu.layer narrows the range")
    }
    let isOnGPU = { (place: TokenTraffic.Location) in place != .cpu }
    if traffic.reads.contains(where: { isOnGPU($0.key) && $0.value.keys.contains(where: \.isGrid) })
    {
      basis.append("decoding of grid types on a GPU is taken to be as fast as its memory")
    }
    return basis
  }
}

extension TokenTraffic.Location {
  /// The name in machine descriptions.
  public var name: String {
    switch self {
    case .cpu: "cpu"
    case .gpu(let index): "gpu\(index)"
    }
  }

  var order: Int {
    switch self {
    case .cpu: -1
    case .gpu(let index): index
    }
  }
}

extension TensorType {
  /// Whether weights are points of a grid: IQ1, IQ2 and IQ3, whose decoding a processor waits for.
  var isGrid: Bool {
    [.IQ1_S, .IQ1_M, .IQ2_XXS, .IQ2_XS, .IQ2_S, .IQ3_XXS, .IQ3_S].contains(self)
  }
}
