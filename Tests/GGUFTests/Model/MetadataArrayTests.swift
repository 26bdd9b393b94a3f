// SPDX-License-Identifier: MIT
import GGUF
import TestSupport
import Testing

/// Elements changed, added and compared, whatever their type and wherever they lie.
@Suite("Elements of arrays") struct MetadataArrayTests {
  /// An array of every type as a file of this byte order holds it.
  private func arrays(_ order: ByteOrder) throws -> [MetadataArray] {
    let folder = try TemporaryFolder()
    try ModelFile.everyType.write(to: folder.path("model.gguf"), order: order)
    let arrays = try GGUFFile.open(folder.path("model.gguf")).metadata.entries
      .compactMap(\.value.elements).filter { $0.count > 0 }
    #expect(Set(arrays.map(\.elementType)) == Set(MetadataType.allCases))
    return arrays
  }

  private func differences(_ a: MetadataArray, _ b: MetadataArray) -> [String] {
    var found: [String] = []
    a.forEachDifference(from: b) { index, mine, other in
      #expect(mine == a.values()[index] && other == b.values()[index])
      found.append("\(index)")
    }
    return found
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `one is replaced, and the others stay`(_ order: ByteOrder) throws {
    for array in try arrays(order) {
      for (index, value) in zip(0..<array.count, array.values().reversed()) {
        var expected = array.values()
        expected[index] = value
        let found = array.replacing(index, with: value)
        #expect(found.values() == expected && found.count == array.count)
        #expect(found == MetadataArray(elementType: array.elementType, expected))
        #expect(differences(array, found) == (array.values()[index] == value ? [] : ["\(index)"]))
      }
    }
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `more are added at the end`(_ order: ByteOrder) throws {
    for array in try arrays(order) {
      let more = MetadataArray(elementType: array.elementType, array.values(1))
      let found = array.appending(more)
      #expect(found.values() == array.values() + array.values(1))
      #expect(found.count == array.count + 1 && found != array)
      #expect(differences(array, found).isEmpty, "both have the same elements at the same places")
    }
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `the first that meets a condition`(_ order: ByteOrder) throws {
    for array in try arrays(order) {
      for value in array.values() {
        let found = array.first { $0 == value }
        #expect(found?.value == value && found?.index == array.values().firstIndex(of: value))
      }
      #expect(array.first { $0.type != array.elementType } == nil)
    }
  }

  @Test func `the order of bytes is no difference`() throws {
    for (little, big) in zip(try arrays(.little), try arrays(.big)) {
      #expect(little == big && big == little && differences(little, big).isEmpty)
      let last = little.count - 1
      let other = big.replacing(last, with: big.values()[0])
      #expect(differences(little, other) == ["\(last)"] && little != other)
    }
  }
}
