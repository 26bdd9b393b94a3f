// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// What results that do not depend on memory, threads or the number of machines rest on: a row of a
/// product is the same to the last bit whatever other rows there are, and wherever it stands.
///
/// The library for products does not promise it; this holds it to it on the machine at hand.
@Suite("Rows of products are independent") struct RowIndependenceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A product with random weights, for any rows.
  private func product(
    inputs: Int, outputs: Int, _ mode: ComputeMode, _ random: inout SeededGenerator
  ) throws -> LinearProduct {
    var model = ModelFile()
    model.add(
      "w", [inputs, outputs],
      bytes: TinyLlama.bytes(Self.numbers(inputs * outputs, &random)))
    let path = folder.path("\(inputs)x\(outputs).gguf")
    try model.write(to: path)
    let file = try GGUFFile.open(path)
    let context = ForwardContext(
      model: file, workers: Workers(count: 1), mode: mode, windowLength: 1)
    return LinearProduct(Linear(tensor: try file.tensor("w"), outputs: outputs), in: context)
  }

  private static func numbers(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in Float(Int64(bitPattern: random.next()) >> 32) * 0x1p-31 }
  }

  /// A matrix that has its rows beside another's, as halves that are gated have, or packed.
  private static func matrix(rows: Int, columns: Int, isHalf: Bool) -> Matrix {
    Matrix(rows: rows, columns: isHalf ? 2 * columns : columns).columns(0..<columns)
  }

  /// Lengths of rows as models have them, and numbers of outputs that fill tiles and do not.
  @Test(arguments: ComputeMode.available.filter { $0 != .llama }, [false, true])
  func `a row's product does not depend on the others`(
    _ mode: ComputeMode, isHalf: Bool
  ) throws {
    var random = SeededGenerator(seed: 5)
    for (inputs, outputs) in [(8, 3), (24, 32), (96, 60), (704, 130), (4096, 64), (14336, 20)] {
      let product = try product(inputs: inputs, outputs: outputs, mode, &random)
      let rows = inputs > 4000 ? 70 : 200
      let x = Self.matrix(rows: rows, columns: inputs, isHalf: isHalf)
      for row in 0..<rows {
        let numbers = Self.numbers(inputs, &random)
        x.withMutableRow(row) { span in for index in span.indices { span[index] = numbers[index] } }
      }
      let all = Self.matrix(rows: rows, columns: outputs, isHalf: isHalf)
      try product.run(x, into: all)
      let expected = all.numbers
      for count in [1, 2, 3, 5, 7, 8, 9, 16, 23, 24, 31, 32, 47, 64, 65] + [128, 160, 199] {
        guard count < rows else { continue }
        let first = Int(random.next() % UInt64(rows - count))
        let some = Self.matrix(rows: count, columns: outputs, isHalf: isHalf)
        try product.run(x.rows(first..<first + count), into: some)
        let isSame = some.numbers.elementsEqual(
          expected[first * outputs..<(first + count) * outputs])
        #expect(isSame, "\(count) rows from row \(first) on, \(inputs) to \(outputs)")
      }
    }
  }
}
