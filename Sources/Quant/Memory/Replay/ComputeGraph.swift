// SPDX-License-Identifier: MIT

/// One tensor of a computation.
struct GraphTensor {
  /// What it is.
  enum Role: Equatable {
    /// Weights of the model, by their index; they have memory of their own.
    case weight(Int)
    /// Weights as an output or a layer reads them, which devices may have a copy of.
    case weightCopy(Int, WeightReader)
    /// Keys, values or states of a layer; they have memory of their own.
    case cache(Int)
    /// Numbers that the host fills in before each run.
    case input
    /// A part of another tensor under another shape.
    case view
    /// The result of an operation.
    case result
  }

  /// What may have a copy of weights on its device.
  enum WeightReader: Equatable {
    /// The output, of the embedding's weights.
    case output
    /// A layer, of the factors of rotations.
    case layer(Int)
  }

  /// A device that llama.cpp asks for.
  enum Pin: Equatable {
    case host
    case deviceOfLayer(Int)
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
  /// Bytes in host memory; zero for weights, whose type the computation does not depend on.
  var hostBytes: Int
  /// Bytes on a GPU, where some operations need room beside their result.
  var deviceBytes: Int
  /// What it is made from.
  var sources: GraphSources
  /// The tensor whose memory a view shows.
  var root: Int?
  /// Whether it must last until the end.
  var isOutput = false
  /// Whether others last until it is computed.
  var endsOthers = false
  /// Whether nobody fills it in: room of an input without the rest of what makes one.
  var isBlank = false
  /// The device that llama.cpp asks for; `nil` to leave it to the scheduler.
  var pinned: Pin?
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

/// The tensors that an operation reads: few, and kept in place, as replays copy thousands of them.
struct GraphSources: RandomAccessCollection, MutableCollection, ExpressibleByArrayLiteral {
  private var numbers = SIMD8<Int32>()
  private(set) var endIndex = 0
  var startIndex: Int { 0 }

  /// - Precondition: There are at most eight.
  init(_ tensors: some Sequence<Int>) {
    for tensor in tensors { append(tensor) }
  }

  init(arrayLiteral tensors: Int...) { self.init(tensors) }

  mutating func append(_ tensor: Int) {
    endIndex += 1
    self[endIndex - 1] = tensor
  }

  subscript(place: Int) -> Int {
    get { Int(numbers[place]) }
    set { numbers[place] = Int32(newValue) }
  }
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
///
/// It depends neither on the types of weights nor on where they are.
struct ComputeGraph {
  private(set) var tensors: [GraphTensor] = []
  /// What is computed, in order; views among them.
  private(set) var nodes: [Int] = []
  /// The same without views.
  private(set) var operations: [Int] = []
  /// Weights, caches and inputs that are used, in the order of their first use.
  private(set) var leaves: [Int] = []
  /// Tensors that must last longer than they are read, and the operations that end it.
  private(set) var lasting: [(tensor: Int, end: Int)] = []
  private var isVisited: [Bool] = []

  /// Adds a tensor that is not computed.
  mutating func leaf(
    _ role: GraphTensor.Role, _ shape: GraphShape, bytes: Int
  ) -> Int {
    add(
      GraphTensor(
        role: role, shape: shape, hostBytes: bytes, deviceBytes: bytes,
        sources: []))
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
        deviceBytes: deviceBytes ?? bytes, sources: GraphSources(sources)))
  }

  /// Adds another look at a tensor.
  ///
  /// `padding` is what a copy of it on a GPU takes beyond its bytes.
  mutating func view(
    _ source: Int, _ shape: GraphShape, bytes: Int? = nil, padding: Int = 0
  ) -> Int {
    let bytes = bytes ?? 4 * shape.count
    var view = GraphTensor(
      role: .view, shape: shape, hostBytes: bytes, deviceBytes: bytes + padding,
      sources: [source])
    view.root = tensors[source].root ?? source
    return add(view)
  }

  /// Adds an operation that writes into a tensor that has memory already.
  mutating func write(_ sources: [Int], into target: Int) -> Int {
    var write = GraphTensor(
      role: .result, operation: .other, shape: tensors[target].shape,
      hostBytes: tensors[target].hostBytes, deviceBytes: tensors[target].deviceBytes,
      sources: GraphSources(sources + [target]))
    write.root = tensors[target].root ?? target
    return add(write)
  }

  /// Makes a result read one more tensor.
  mutating func add(_ source: Int, to result: Int) { tensors[result].sources.append(source) }

  /// Makes a tensor last until the end.
  mutating func keep(_ tensor: Int) { tensors[tensor].isOutput = true }

  /// Makes a tensor last until an operation on the same GPU is done.
  mutating func keep(_ tensor: Int, until operation: Int) {
    lasting.append((tensor, operation))
    tensors[operation].endsOthers = true
  }

  /// Asks for a device.
  mutating func pin(_ tensor: Int, to device: GraphTensor.Pin) { tensors[tensor].pinned = device }

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
    case .view: nodes.append(tensor)
    case .result:
      nodes.append(tensor)
      operations.append(tensor)
    case .weight, .weightCopy, .cache, .input: leaves.append(tensor)
    }
  }
}
