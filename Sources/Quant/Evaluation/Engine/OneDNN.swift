// SPDX-License-Identifier: MIT
internal import COneDNN
package import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What matrices to multiply: y[m, n] = x[m, k] · w[k, n], or added to y.
struct ProductShape: Hashable {
  /// The numbers that are multiplied.
  enum Element: Hashable { case float, upperHalf }

  var element = Element.float
  var m: Int
  var n: Int
  var k: Int
  /// Numbers from row to row of x.
  var xStride: Int
  /// Numbers from row to row (along k) and from column to column (along n) of w; one of them is 1.
  var wStrides: (k: Int, n: Int)
  /// Numbers from row to row of y.
  var yStride: Int
  /// Whether the product is added to what y holds.
  var accumulates = false
  /// Whether x lies as [k, m] in memory; `xStride` is then from row to row of that.
  var xIsTransposed = false

  static func == (a: ProductShape, b: ProductShape) -> Bool {
    a.element == b.element && a.m == b.m && a.n == b.n && a.k == b.k && a.xStride == b.xStride
      && a.wStrides == b.wStrides && a.yStride == b.yStride && a.accumulates == b.accumulates
      && a.xIsTransposed == b.xIsTransposed
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(m)
    hasher.combine(n)
    hasher.combine(k)
    hasher.combine(xStride)
    hasher.combine(wStrides.k)
    hasher.combine(yStride)
    hasher.combine(element)
    hasher.combine(accumulates)
    hasher.combine(xIsTransposed)
  }
}

/// The library's process-wide things.
enum OneDNN {
  /// The processor, as the library sees it; `nil` if it cannot be had.
  nonisolated(unsafe) static let engine: dnnl_engine_t? = {
    var engine: dnnl_engine_t?
    return unsafe dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : nil
  }()

  /// Whether the processor multiplies tiles of matrices (AMX), and the library makes use of it.
  static var hasTiles: Bool {
    dnnl_get_effective_cpu_isa().rawValue & 0x7FFF >= dnnl_cpu_isa_avx512_core_amx.rawValue & 0x7FFF
  }

  /// Whether the library multiplies 16-bit numbers on this processor.
  static var hasHalfProducts: Bool {
    let needed = dnnl_cpu_isa_avx512_core.rawValue
    return dnnl_get_effective_cpu_isa().rawValue & needed == needed
  }

  /// Products of weights are made for multiples of so many rows: then no row's numbers depend on how
  /// many others there are, nor on its place among them (`RowIndependenceTests` holds this machine to
  /// it). The library takes rows in groups, of up to 24 on older processors, and for some layouts of
  /// the matrices adds up in another order in what is left of a group.
  static let rowStep: Int =
    dnnl_get_effective_cpu_isa().rawValue & bfloat16 == bfloat16 ? 16 : 24

  private static let bfloat16 = dnnl_cpu_isa_avx512_core_bf16.rawValue

  /// What decides, beside the kernels' level, how sums are rounded: the library's version, and the
  /// instructions that it uses.
  static var description: String {
    let version = unsafe dnnl_version().map { version in
      let parts = unsafe [version.pointee.major, version.pointee.minor, version.pointee.patch]
      return parts.map { "\($0)" }.joined(separator: ".")
    }
    let instructions = String(dnnl_get_effective_cpu_isa().rawValue, radix: 16)
    return "oneDNN \(version ?? "") with instructions \(instructions)"
  }

  /// Keeps the library from starting threads of its own in products called on this thread: work is
  /// shared out above it.
  static func useThisThreadAlone() { setThreads?(1) }

  /// OpenMP's own function, if the library was built with OpenMP.
  private static let setThreads: (@convention(c) (Int32) -> Void)? = {
    guard let symbol = unsafe dlsym(nil, "omp_set_num_threads") else { return nil }
    return unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Void).self)
  }()
}

/// A prepared product.
@safe
private final class PreparedProduct {
  private let primitive: dnnl_primitive_t
  private let memories: [(argument: Int32, memory: dnnl_memory_t)]
  private let scratch: UnsafeMutableRawPointer
  private let stream: dnnl_stream_t

  init(_ shape: ProductShape) throws(QuantError) {
    guard let engine = unsafe OneDNN.engine else {
      throw .unsupported("oneDNN: this processor is not supported")
    }
    let element = shape.element == .float ? dnnl_f32 : dnnl_bf16
    let xStrides = shape.xIsTransposed ? (1, shape.xStride) : (shape.xStride, 1)
    var x = try Self.description(shape.m, shape.k, xStrides, element)
    var w = try Self.description(shape.k, shape.n, shape.wStrides, element)
    var y = try Self.description(shape.m, shape.n, (shape.yStride, 1), dnnl_f32)
    var operation = dnnl_matmul_desc_t()
    unsafe try Self.check(dnnl_matmul_desc_init(&operation, &x, &w, nil, &y), "matmul")
    let attributes = unsafe try Self.attributes(shape)
    defer { unsafe dnnl_primitive_attr_destroy(attributes) }
    var description: dnnl_primitive_desc_t?
    unsafe try Self.check(
      dnnl_primitive_desc_create(&description, &operation, attributes, engine, nil),
      "a product of \(shape.m) x \(shape.k) and \(shape.k) x \(shape.n)")
    defer { unsafe dnnl_primitive_desc_destroy(description) }
    var made: dnnl_primitive_t?
    unsafe try Self.check(dnnl_primitive_create(&made, description), "a product")
    var stream: dnnl_stream_t?
    unsafe try Self.check(dnnl_stream_create(&stream, engine, 0), "a stream")
    guard let made = unsafe made, let stream = unsafe stream else {
      throw .unsupported("oneDNN: creating a product failed")
    }
    unsafe primitive = made
    unsafe self.stream = stream
    let scratchDescription = unsafe dnnl_primitive_desc_query_md(
      description, dnnl_query_scratchpad_md, 0)
    let bytes = unsafe scratchDescription.map { unsafe dnnl_memory_desc_get_size($0) } ?? 0
    unsafe scratch = .allocate(byteCount: max(bytes, 64), alignment: 64)
    unsafe memories = [
      (DNNL_ARG_SRC, try Self.memory(&x, engine)), (DNNL_ARG_WEIGHTS, try Self.memory(&w, engine)),
      (DNNL_ARG_DST, try Self.memory(&y, engine)),
      (DNNL_ARG_SCRATCHPAD, try Self.memory(scratchDescription, engine)),
    ]
  }

  deinit {
    unsafe memories.forEach { unsafe dnnl_memory_destroy($0.memory) }
    unsafe dnnl_primitive_destroy(primitive)
    unsafe dnnl_stream_destroy(stream)
    unsafe scratch.deallocate()
  }

  @unsafe func run(
    _ x: UnsafeMutableRawPointer, _ w: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer
  ) throws(QuantError) {
    let places = unsafe [x, w, y, scratch]
    var arguments: [dnnl_exec_arg_t] = unsafe []
    for index in 0..<4 {
      let entry = unsafe memories[index]
      unsafe dnnl_memory_set_data_handle(entry.memory, places[index])
      unsafe arguments.append(dnnl_exec_arg_t(arg: entry.argument, memory: entry.memory))
    }
    unsafe try Self.check(dnnl_primitive_execute(primitive, stream, 4, arguments), "a product")
  }

  private static func description(
    _ rows: Int, _ columns: Int, _ strides: (Int, Int), _ element: dnnl_data_type_t
  ) throws(QuantError) -> dnnl_memory_desc_t {
    var description = dnnl_memory_desc_t()
    let dimensions = [Int64(rows), Int64(columns)]
    let steps = [Int64(strides.0), Int64(strides.1)]
    unsafe try check(
      dnnl_memory_desc_init_by_strides(&description, 2, dimensions, element, steps), "a matrix")
    return description
  }

  private static func attributes(
    _ shape: ProductShape
  ) throws(QuantError) -> dnnl_primitive_attr_t? {
    var attributes: dnnl_primitive_attr_t?
    unsafe try check(dnnl_primitive_attr_create(&attributes), "attributes")
    // The library's own scratch memory belongs to the thread that made the product.
    unsafe dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)
    if shape.accumulates {
      var operations: dnnl_post_ops_t?
      unsafe try check(dnnl_post_ops_create(&operations), "a sum")
      unsafe dnnl_post_ops_append_sum(operations, 1)
      unsafe dnnl_primitive_attr_set_post_ops(attributes, operations)
      unsafe dnnl_post_ops_destroy(operations)
    }
    return unsafe attributes
  }

  private static func memory(
    _ description: UnsafePointer<dnnl_memory_desc_t>?, _ engine: dnnl_engine_t
  ) throws(QuantError) -> dnnl_memory_t {
    var memory: dnnl_memory_t?
    unsafe try check(dnnl_memory_create(&memory, description, engine, nil), "memory")
    guard let memory = unsafe memory else {
      throw .unsupported("oneDNN: creating a memory object failed")
    }
    return unsafe memory
  }

  private static func check(_ status: dnnl_status_t, _ what: String) throws(QuantError) {
    guard status == dnnl_success else {
      throw .unsupported("oneDNN: \(what) failed with status \(status.rawValue)")
    }
  }
}

/// The products that one thread has prepared, by shape: preparing one writes machine code for it.
package final class ProductCache {
  private var prepared: [ProductShape: PreparedProduct] = [:]
  /// Far more shapes than a model has; beyond it the cache starts anew.
  private static let limit = 4096

  /// Begins with none.
  package init() {}

  /// Multiplies.
  ///
  /// The caller answers for the pointers and strides leading to memory of the shape's size.
  @unsafe func run(
    _ shape: ProductShape, _ x: UnsafeMutableRawPointer, _ w: UnsafeMutableRawPointer,
    _ y: UnsafeMutableRawPointer
  ) throws(QuantError) {
    guard shape.m > 0, shape.n > 0, shape.k > 0 else { return }
    unsafe try product(shape).run(x, w, y)
  }

  private func product(_ shape: ProductShape) throws(QuantError) -> PreparedProduct {
    if let found = prepared[shape] { return found }
    if prepared.count >= Self.limit { prepared.removeAll() }
    let made = try PreparedProduct(shape)
    prepared[shape] = made
    return made
  }
}

extension ProductCache {
  /// y = x · w, for matrices in memory; w as [k, n], or, `transposed`, as [n, k].
  package func multiply(
    _ x: Matrix, _ w: Matrix, transposed: Bool, into y: Matrix
  ) throws(QuantError) {
    let (k, n) = transposed ? (w.columns, w.rows) : (w.rows, w.columns)
    precondition(x.columns == k && y.columns == n && y.rows == x.rows)
    let shape = ProductShape(
      m: x.rows, n: n, k: k, xStride: x.stride,
      wStrides: transposed ? (1, w.stride) : (w.stride, 1), yStride: y.stride)
    unsafe try run(shape, x.base, w.base, y.base)
  }

  /// y += x · w, or y += xᵀ · w with x as [k, m]; w as [k, n].
  package func add(
    _ x: Matrix, xIsTransposed: Bool = false, _ w: Matrix, to y: Matrix
  ) throws(QuantError) {
    let (m, k) = xIsTransposed ? (x.columns, x.rows) : (x.rows, x.columns)
    precondition(w.rows == k && y.columns == w.columns && y.rows == m)
    var shape = ProductShape(
      m: m, n: w.columns, k: k, xStride: x.stride, wStrides: (w.stride, 1), yStride: y.stride)
    (shape.accumulates, shape.xIsTransposed) = (true, xIsTransposed)
    unsafe try run(shape, x.base, w.base, y.base)
  }
}
