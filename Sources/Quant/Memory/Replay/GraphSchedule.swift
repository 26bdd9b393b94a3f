// SPDX-License-Identifier: MIT

/// A computation shared out among devices, as llama.cpp's scheduler does it.
///
/// Every operation gets a device: where its weights are, or a GPU for large batches of work with weights
/// in host memory, or where its neighbours are. Consecutive operations of one device form a piece; what a
/// piece needs from elsewhere is copied at its start.
struct GraphSchedule {
  /// One step of the run.
  enum Step {
    /// A copy of another device's tensor comes into being.
    case copy(Int)
    /// A tensor is read for the last time before it is copied to another device.
    case dependency(Int)
    /// An operation.
    case node(Int)
  }

  /// The graph's tensors, with copies behind them, reading copies where they must.
  private(set) var tensors: [GraphTensor]
  /// The device of each tensor: GPUs from 0, then host memory.
  private(set) var devices: [Int]
  /// What is done, in order.
  private(set) var steps: [Step] = []
  /// Tensors that have room from the start.
  private(set) var leaves: [Int] = []
  private var lasting: [Int: [Int]] = [:]
  /// GPUs; host memory has this number as a device.
  let host: Int
  let options: ContextOptions
  let rules: BackendRules
  private let model: MemoryModel
  private let placement: DevicePlacement
  /// Copies of each input that are alive at once, so that GPUs can work on several batches.
  private let copyCount: Int
  /// Copies made so far: for each tensor of the graph, one for each device, or none (-1).
  private var copies: [Int]
  /// Tensors whose memory is that of others before them.
  private var originals: [Int: Int] = [:]

  /// Work of smaller batches stays where its weights are.
  private static let offloadedBatch = 32
  /// Copies of inputs where several GPUs work on several batches at once.
  private static let pipelineCopies = 4

  /// - Complexity: O(*n*) in tensors and their sources.
  init(
    _ graph: ComputeGraph, _ model: MemoryModel, placement: DevicePlacement,
    options: ContextOptions
  ) {
    // Copies come behind, and thousands of tensors are not moved again for them.
    tensors = []
    tensors.reserveCapacity(graph.tensors.count * 3 / 2)
    tensors += graph.tensors
    self.model = model
    self.placement = placement
    self.options = options
    rules = options.rules
    host = placement.rule.gpuCount
    devices = Array(repeating: -1, count: graph.tensors.count)
    copies = Array(repeating: -1, count: graph.tensors.count * (host + 1))
    let isPipelined =
      host > 1 && placement.isFullyOffloaded && options.offloadsCache
      && placement.rule.overrides.isEmpty
    copyCount = isPipelined ? Self.pipelineCopies : 1
    for leaf in graph.leaves where !tensors[leaf].isBlank { devices[leaf] = home(leaf) }
    findOriginals(graph.leaves)
    assignByMemory(graph.nodes)
    spread(graph.operations, skippingHost: true)
    spread(graph.operations, skippingHost: false)
    assignTheRest(graph.nodes)
    cut(graph.nodes)
    addLeaves(graph.leaves)
    for (tensor, end) in graph.lasting where devices[end] < host {
      // Where it was computed elsewhere, its copy is what lasts.
      let kept = devices[tensor] == devices[end] ? tensor : copies[copy(tensor, devices[end])]
      if kept >= 0 { lasting[end, default: []].append(kept) }
    }
  }

  /// The device of what has memory of its own.
  private func home(_ tensor: Int) -> Int {
    switch tensors[tensor].role {
    case .weight(let index): number(placement.tensors[index])
    case .weightCopy(let index, .output): number(placement.outputCopy ?? placement.tensors[index])
    case .weightCopy(_, .layer(let layer)): number(placement.layers[layer])
    case .cache(let layer): options.offloadsCache ? number(placement.layers[layer]) : host
    case .input, .view, .result: host
    }
  }

  private func number(_ device: MemoryDevice) -> Int {
    switch device {
    case .host: host
    case .gpu(let index): min(index, host)
    }
  }

  /// Layers on one device read one copy of the factors of rotations, and an output without a copy of the
  /// embedding reads the embedding.
  private mutating func findOriginals(_ leaves: [Int]) {
    var factors = Array(repeating: -1, count: host + 1)
    for leaf in leaves {
      switch tensors[leaf].role {
      case .weightCopy(let index, .output) where placement.outputCopy == nil:
        originals[leaf] = leaves.first { tensors[$0].role == .weight(index) }
      case .weightCopy(_, .layer):
        let first = factors[devices[leaf]]
        if first >= 0 { originals[leaf] = first } else { factors[devices[leaf]] = leaf }
      default: break
      }
    }
  }

  /// What must last until an operation is done, though it is not read there.
  func lasting(until operation: Int) -> [Int] {
    tensors[operation].endsOthers ? lasting[operation] ?? [] : []
  }

  /// Bytes of a tensor on its device.
  func bytes(_ tensor: Int) -> Int {
    devices[tensor] < host ? tensors[tensor].deviceBytes : tensors[tensor].hostBytes
  }

  // MARK: Devices

  /// Operations on caches stay with them; those with weights go where the weights are.
  private mutating func assignByMemory(_ nodes: [Int]) {
    for node in nodes {
      if let pinned = tensors[node].pinned {
        devices[node] = number(pinned)
      } else if let root = tensors[node].root, tensors[root].hasOwnMemory {
        devices[node] = home(root)
      } else {
        devices[node] = deviceByWeights(node) ?? -1
      }
    }
  }

  private func number(_ pin: GraphTensor.Pin) -> Int {
    switch pin {
    case .host: host
    case .deviceOfLayer(let layer): number(placement.layers[layer])
    }
  }

  private func deviceByWeights(_ node: Int) -> Int? {
    // The factors of a rotation are too small to decide anything.
    guard tensors[node].operation != .rotation,
      let weight = tensors[node].sources.first(where: { tensors[$0].isWeight })
    else { return nil }
    let home = home(weight)
    let goesToGPU =
      home == host && host > 0 && options.offloadsWork
      && tensors[node].batch >= Self.offloadedBatch
    return goesToGPU ? 0 : home
  }

  /// Gives operations without a device that of the one before them, then of the one after them.
  private mutating func spread(_ operations: [Int], skippingHost: Bool) {
    spread(along: operations, skippingHost)
    spread(along: operations.reversed(), skippingHost)
  }

  private mutating func spread(along operations: some Sequence<Int>, _ skippingHost: Bool) {
    var current = -1
    for operation in operations {
      if devices[operation] >= 0 {
        current = skippingHost && devices[operation] == host ? -1 : devices[operation]
      } else if current >= 0 {
        devices[operation] = current
      }
    }
  }

  /// Views are where the memory is that they show, and blank room is where it is filled.
  private mutating func assignTheRest(_ nodes: [Int]) {
    for node in nodes {
      if devices[node] < 0, let root = tensors[node].root { devices[node] = devices[root] }
      if devices[node] < 0 { devices[node] = host }
      for source in tensors[node].sources where tensors[source].isBlank {
        devices[source] = devices[node]
      }
    }
  }

  // MARK: Pieces

  private mutating func cut(_ nodes: [Int]) {
    var piece = Piece(device: -1)
    for node in nodes {
      if case .view = tensors[node].role {
        piece.nodes.append(node)
        continue
      }
      if piece.device < 0 { piece.device = devices[node] }
      if devices[node] != piece.device || needsNewPiece(node, piece) {
        finish(piece)
        piece = Piece(device: devices[node])
      }
      takeInputs(of: node, &piece)
      piece.nodes.append(node)
    }
    finish(piece)
  }

  private struct Piece {
    var device: Int
    /// What is copied to it: the tensors that are read, and their copies.
    var inputs: [(source: Int, copy: Int)] = []
    var nodes: [Int] = []
  }

  /// Weights from elsewhere begin a piece, so that the room of those before them can be used again.
  private func needsNewPiece(_ node: Int, _ piece: Piece) -> Bool {
    guard !piece.inputs.isEmpty else { return false }
    return tensors[node].sources.contains {
      tensors[$0].isWeight && !isAvailable($0, on: piece.device)
    }
  }

  /// Whether a device can read a tensor where it is: host memory is not read by GPUs, nor theirs by it.
  private func isAvailable(_ tensor: Int, on device: Int) -> Bool { devices[tensor] == device }

  private mutating func takeInputs(of node: Int, _ piece: inout Piece) {
    for place in tensors[node].sources.indices {
      let source = tensors[node].sources[place]
      guard !isAvailable(source, on: piece.device) else { continue }
      let key = copy(source, piece.device)
      if copies[key] < 0 {
        copies[key] = addCopy(of: source, to: piece.device)
        piece.inputs.append((source, copies[key]))
      }
      tensors[node].sources[place] = copies[key]
    }
  }

  /// Where the copy of a tensor on a device is noted.
  private func copy(_ tensor: Int, _ device: Int) -> Int {
    (originals[tensor] ?? tensor) * (host + 1) + device
  }

  private mutating func addCopy(of source: Int, to device: Int) -> Int {
    var copy = tensors[source]
    if case .weight(let index) = copy.role { takeBytes(of: index, &copy) }
    if case .weightCopy(let index, _) = copy.role { takeBytes(of: index, &copy) }
    copy.role = .result
    copy.operation = .none
    copy.sources = []
    copy.root = nil
    copy.pinned = nil
    copy.isOutput = copyCount > 1
    for _ in 0..<copyCount {
      tensors.append(copy)
      devices.append(device)
      if copyCount > 1 { leaves.append(tensors.count - 1) }
    }
    return tensors.count - 1
  }

  private func takeBytes(of index: Int, _ copy: inout GraphTensor) {
    let weight = model.tensors[index]
    copy.hostBytes = weight.byteCount
    copy.deviceBytes = weight.byteCount + rules.padding(weight.type, row: copy.shape.a)
  }

  private mutating func finish(_ piece: Piece) {
    for input in piece.inputs {
      steps.append(.dependency(input.source))
      steps.append(.copy(input.copy))
    }
    steps += piece.nodes.map { .node($0) }
  }

  /// Inputs, of which there are several where several batches are worked on at once.
  private mutating func addLeaves(_ graphLeaves: [Int]) {
    for leaf in graphLeaves where tensors[leaf].role == .input {
      leaves.append(leaf)
      guard copyCount > 1, !tensors[leaf].isBlank else { continue }
      tensors[leaf].isOutput = true
      for _ in 1..<copyCount {
        tensors.append(tensors[leaf])
        devices.append(host)
        leaves.append(tensors.count - 1)
      }
    }
  }
}
