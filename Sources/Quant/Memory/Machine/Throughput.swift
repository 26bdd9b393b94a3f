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

  /// Tokens a second that are likely.
  public let tokensPerSecond: Double
  /// Where all measurements of the same kind of run lay, in relation to what was likely.
  public let range: ClosedRange<Double>
  /// The parts of a token's time.
  public let terms: [Term]
  /// What the figure rests on, in sentences.
  public let basis: [String]
}

extension Machine {
  /// The speed at which this machine decodes.
  ///
  /// Batch of one: the time of a token is the time to read what it reads, device after device,
  /// `bytes / min(bandwidth · efficiency, ceiling of the type)`, plus what goes over the bus, plus
  /// constants for each layer on a GPU and for each whose experts are outside (Docs/Memory.md).
  ///
  /// - Parameter traffic: What a token moves.
  /// - Returns: The likely speed with a range, or why none can be given: a bandwidth that is not known, or types whose
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
    terms += overheads(traffic)
    return .modelled(rate(terms, RunKind(traffic), basis: basis(traffic)))
  }

  private func rate(_ terms: [TokenRate.Term], _ kind: RunKind, basis: [String]) -> TokenRate {
    let speed = 1 / terms.reduce(0) { $0 + $1.seconds }
    let spread = kind.spread
    return TokenRate(
      tokensPerSecond: speed, range: spread.lowerBound * speed...spread.upperBound * speed,
      terms: terms, basis: basis + [kind.evidence])
  }

  /// The times of layers that do not go with bytes.
  private func overheads(_ traffic: TokenTraffic) -> [TokenRate.Term] {
    let plain = traffic.plainLayers.reduce(0.0) {
      $0 + (isGPU($1.key) ? Self.layerSeconds * Double($1.value) : 0)
    }
    let mixtures = traffic.mixtureLayers.reduce(0.0) {
      guard isGPU($1.key) else { return $0 }
      return $0 + (device($1.key)?.mixtureLayerSeconds ?? Self.mixtureLayerSeconds)
        * Double($1.value)
    }
    let split = Self.splitLayerSeconds * Double(traffic.splitLayers)
    return [
      ("layers on GPUs", plain), ("layers of experts on GPUs", mixtures),
      ("going to experts outside and back", split),
    ].filter { $0.1 > 0 }.map { .init(name: $0.0, bytes: 0, seconds: $0.1) }
  }

  private func isGPU(_ place: TokenTraffic.Location) -> Bool { place != .cpu }

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

  private func basis(_ traffic: TokenTraffic) -> [String] {
    let places = traffic.reads.keys.sorted { $0.order < $1.order }
    var basis = places.compactMap { place -> String? in
      guard let device = device(place), let bandwidth = device.bandwidth else { return nil }
      return "\(place.name): \(bandwidth) GB/s, of which \(device.efficiency) is reached"
    }
    if traffic.fetchedBytes > 0, let busBandwidth { basis.append("pcie: \(busBandwidth) GB/s") }
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
