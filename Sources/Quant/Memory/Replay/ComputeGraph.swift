// SPDX-License-Identifier: MIT

/// One tensor of a computation.
struct GraphTensor {
  /// What it is.
  enum Role: Equatable {
    /// Weights of the model, by their index; they have memory of their own.
    case weight(Int)
    /// A second copy of weights, on a device of its own.
    case weightCopy(Int, MemoryDevice)
    /// Keys, values or states of a layer; they have memory of their own.
    case cache(Int)
    /// Numbers that the host fills in before each run.
    case input
    /// A part of another tensor under another shape.
    case view
    /// The result of an operation.
    case result
  }

  /// What decides where an operation runs, and whether it may overwrite what it reads.
  enum Operation: Equatable {
    case none, elementwise, rotation, rows, product, expertProduct, other

    /// Whether the result may take the place of an argument of the same shape.
    var isInPlace: Bool { self == .elementwise || self == .rotation }
  }

  var role: Role
  var operation = Operation.none
  /// Numbers along each dimension, innermost first.
  var shape: GraphShape
  /// Bytes in host memory.
  var hostBytes: Int
  /// Bytes on a GPU, where some operations need room beside their result.
  var deviceBytes: Int
  /// What it is made from.
  var sources: [Int]
  /// The tensor whose memory a view shows.
  var root: Int?
  /// Whether it must last until the end.
  var isOutput = false
  /// Whether nobody fills it in: room of an input without the rest of what makes one.
  var isBlank = false
  /// The device that llama.cpp asks for; `nil` to leave it to the scheduler.
  var pinned: MemoryDevice?
}

/// Numbers along each of four dimensions, innermost first.
struct GraphShape: Equatable {
  var a: Int
  var b = 1
  var c = 1
  var d = 1

  init(_ a: Int, _ b: Int = 1, _ c: Int = 1, _ d: Int = 1) {
    (self.a, self.b, self.c, self.d) = (a, b, c, d)
  }

  var count: Int { a * b * c * d }
  /// Rows of all dimensions but the first.
  var rows: Int { b * c * d }
}

/// A computation: tensors, and the order in which they are computed.
struct ComputeGraph {
  private(set) var tensors: [GraphTensor] = []
  /// What is computed, in order; views among them.
  private(set) var nodes: [Int] = []
  /// Weights, caches and inputs that are used, in the order of their first use.
  private(set) var leaves: [Int] = []
  /// Tensors that must last longer than they are read, and the operations that end it.
  private(set) var lasting: [(tensor: Int, end: Int)] = []
  private var isVisited: [Bool] = []

  /// Adds a tensor that is not computed.
  mutating func leaf(
    _ role: GraphTensor.Role, _ shape: GraphShape, bytes: Int, deviceBytes: Int? = nil
  ) -> Int {
    add(
      GraphTensor(
        role: role, shape: shape, hostBytes: bytes, deviceBytes: deviceBytes ?? bytes, sources: []))
  }

  /// Adds room that the computation itself fills.
  mutating func blank(_ shape: GraphShape, bytes: Int) -> Int {
    let made = leaf(.input, shape, bytes: bytes)
    tensors[made].isBlank = true
    return made
  }

  /// Adds the result of an operation, in 32-bit floats unless `bytes` says otherwise.
  mutating func result(
    _ operation: GraphTensor.Operation, _ shape: GraphShape, _ sources: [Int], bytes: Int? = nil,
    deviceBytes: Int? = nil
  ) -> Int {
    let bytes = bytes ?? 4 * shape.count
    return add(
      GraphTensor(
        role: .result, operation: operation, shape: shape, hostBytes: bytes,
        deviceBytes: deviceBytes ?? bytes, sources: sources))
  }

  /// Adds another look at a tensor.
  ///
  /// `padding` is what a copy of it on a GPU takes beyond its bytes.
  mutating func view(
    _ source: Int, _ shape: GraphShape, bytes: Int? = nil, padding: Int = 0
  ) -> Int {
    let bytes = bytes ?? 4 * shape.count
    var view = GraphTensor(
      role: .view, shape: shape, hostBytes: bytes, deviceBytes: bytes + padding, sources: [source])
    view.root = tensors[source].root ?? source
    return add(view)
  }

  /// Adds an operation that writes into a tensor that has memory already.
  mutating func write(_ sources: [Int], into target: Int) -> Int {
    var write = GraphTensor(
      role: .result, operation: .other, shape: tensors[target].shape,
      hostBytes: tensors[target].hostBytes, deviceBytes: tensors[target].deviceBytes,
      sources: sources + [target])
    write.root = tensors[target].root ?? target
    return add(write)
  }

  /// Makes a result read one more tensor.
  mutating func add(_ source: Int, to result: Int) { tensors[result].sources.append(source) }

  /// Makes a tensor last until the end.
  mutating func keep(_ tensor: Int) { tensors[tensor].isOutput = true }

  /// Makes a tensor last until an operation on the same GPU is done.
  mutating func keep(_ tensor: Int, until operation: Int) { lasting.append((tensor, operation)) }

  /// Asks for a device.
  mutating func pin(_ tensor: Int, to device: MemoryDevice) { tensors[tensor].pinned = device }

  func shape(_ tensor: Int) -> GraphShape { tensors[tensor].shape }

  /// Bytes in host memory.
  func bytes(_ tensor: Int) -> Int { tensors[tensor].hostBytes }

  private mutating func add(_ tensor: GraphTensor) -> Int {
    tensors.append(tensor)
    isVisited.append(false)
    return tensors.count - 1
  }

  /// Puts a tensor into the order of computation, after all that it is made from.
  mutating func expand(_ tensor: Int) {
    guard !isVisited[tensor] else { return }
    isVisited[tensor] = true
    for source in tensors[tensor].sources { expand(source) }
    switch tensors[tensor].role {
    case .view, .result: nodes.append(tensor)
    case .weight, .weightCopy, .cache, .input: leaves.append(tensor)
    }
  }
}
