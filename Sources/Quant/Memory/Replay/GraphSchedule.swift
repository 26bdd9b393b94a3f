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
  /// What must last until an operation is done, though it is not read there.
  private(set) var lasting: [Int: [Int]] = [:]
  /// GPUs; host memory has this number as a device.
  let host: Int
  private let order: [Int]
  private let placement: DevicePlacement
  let options: ContextOptions
  /// Copies of each input that are alive at once, so that GPUs can work on several batches.
  private let copyCount: Int
  /// Copies made so far, by tensor and device.
  private var copies: [CopyKey: Int] = [:]

  private struct CopyKey: Hashable {
    let tensor: Int
    let device: Int
  }

  /// Work of smaller batches stays where its weights are.
  private static let offloadedBatch = 32
  /// Copies of inputs where several GPUs work on several batches at once.
  private static let pipelineCopies = 4

  /// - Complexity: O(*n*) in tensors and their sources.
  init(_ graph: ComputeGraph, placement: DevicePlacement, options: ContextOptions) {
    tensors = graph.tensors
    order = graph.nodes
    self.placement = placement
    self.options = options
    host = placement.rule.gpuCount
    devices = Array(repeating: -1, count: graph.tensors.count)
    let isPipelined =
      host > 1 && placement.isFullyOffloaded && options.offloadsCache
      && placement.rule.overrides.isEmpty
    copyCount = isPipelined ? Self.pipelineCopies : 1
    for leaf in graph.leaves where !tensors[leaf].isBlank { devices[leaf] = home(leaf) }
    assignByMemory()
    spread(skippingHost: true)
    spread(skippingHost: false)
    assignTheRest()
    cut()
    addLeaves(graph.leaves)
    for (tensor, end) in graph.lasting where devices[end] < host {
      // Where it was computed elsewhere, its copy is what lasts.
      let here = devices[tensor] == devices[end]
      let kept = here ? tensor : copies[CopyKey(tensor: tensor, device: devices[end])]
      if let kept { lasting[end, default: []].append(kept) }
    }
  }

  /// The device of what has memory of its own.
  private func home(_ tensor: Int) -> Int {
    switch tensors[tensor].role {
    case .weight(let index): number(placement.tensors[index])
    case .weightCopy(_, let device): number(device)
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

  private func hasOwnMemory(_ tensor: Int) -> Bool { tensors[tensor].hasOwnMemory }

  // MARK: Devices

  /// Operations on caches stay with them; those with weights go where the weights are.
  private mutating func assignByMemory() {
    for node in order {
      if let pinned = tensors[node].pinned {
        devices[node] = number(pinned)
      } else if let root = tensors[node].root, hasOwnMemory(root) {
        devices[node] = home(root)
      } else {
        devices[node] = deviceByWeights(node) ?? -1
      }
    }
  }

  private func deviceByWeights(_ node: Int) -> Int? {
    let tensor = tensors[node]
    // The factors of a rotation are too small to decide anything.
    guard tensor.operation != .rotation else { return nil }
    guard let weight = tensor.sources.first(where: { tensors[$0].isWeight }) else { return nil }
    let home = home(weight)
    let goesToGPU =
      home == host && host > 0 && options.offloadsWork && tensor.batch >= Self.offloadedBatch
    return goesToGPU ? 0 : home
  }

  /// Gives operations without a device that of the one before them, then of the one after them.
  private mutating func spread(skippingHost: Bool) {
    for isBackwards in [false, true] {
      var current = -1
      for place in order.indices {
        let node = order[isBackwards ? order.count - 1 - place : place]
        guard tensors[node].role != .view else { continue }
        if devices[node] >= 0 {
          current = skippingHost && devices[node] == host ? -1 : devices[node]
        } else if current >= 0 {
          devices[node] = current
        }
      }
    }
  }

  /// Views are where the memory is that they show, and blank room is where it is filled.
  private mutating func assignTheRest() {
    for node in order {
      if devices[node] < 0, let root = tensors[node].root { devices[node] = devices[root] }
      if devices[node] < 0 { devices[node] = host }
      for source in tensors[node].sources where tensors[source].isBlank {
        devices[source] = devices[node]
      }
    }
  }

  // MARK: Pieces

  private mutating func cut() {
    var piece = Piece(device: -1)
    for node in order {
      if tensors[node].role == .view {
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
    for (place, source) in tensors[node].sources.enumerated() {
      guard !isAvailable(source, on: piece.device) else { continue }
      let key = CopyKey(tensor: source, device: piece.device)
      if copies[key] == nil {
        let copy = addCopy(of: source, to: piece.device)
        copies[key] = copy
        piece.inputs.append((source, copy))
      }
      if let copy = copies[key] { tensors[node].sources[place] = copy }
    }
  }

  private mutating func addCopy(of source: Int, to device: Int) -> Int {
    var copy = tensors[source]
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

extension GraphTensor {
  /// Whether it is weights, which lie in buffers of their own.
  var isWeight: Bool {
    switch role {
    case .weight, .weightCopy: true
    case .cache, .input, .view, .result: false
    }
  }

  /// Whether its memory is not the computation's.
  var hasOwnMemory: Bool {
    if case .cache = role { return true }
    return isWeight
  }

  /// How many rows are computed at once, as far as moving the work to a GPU goes.
  var batch: Int {
    switch operation {
    case .rows: 0
    case .product: shape.b
    case .expertProduct, .rotation: shape.c
    case .none, .elementwise, .other: shape.rows
    }
  }
}
