// SPDX-License-Identifier: MIT

/// Changes and differences of elements, found in the packed bytes: lists hold as many elements as a
/// vocabulary has tokens, and all but a few stay as they are.
extension MetadataArray {
  /// The array with another element at a place.
  ///
  /// - Precondition: There is an element at `index`, and `value` has the type `elementType`.
  /// - Complexity: O(*n*) in the bytes.
  public func replacing(_ index: Int, with value: MetadataValue) -> MetadataArray {
    precondition((0..<count).contains(index), "no element at \(index)")
    precondition(value.type == elementType, "mixed types in one array")
    var writer = ByteWriter(order: .little)
    writer.payload(value)
    var bytes = encoded(.little)
    if let place = unsafe Self.place(of: index, in: bytes.span.bytes, elementType) {
      bytes.replaceSubrange(place, with: writer.bytes)
    }
    return MetadataArray(elementType: elementType, count: count, packed: bytes)
  }

  /// The array with more elements at its end.
  ///
  /// - Precondition: Both are of the type `elementType`.
  /// - Complexity: O(*n*) in the bytes.
  public func appending(_ more: MetadataArray) -> MetadataArray {
    precondition(more.elementType == elementType, "mixed types in one array")
    return MetadataArray(
      elementType: elementType, count: count + more.count,
      packed: encoded(.little) + more.encoded(.little))
  }

  /// Finds the places at which both arrays have an element, and another one.
  ///
  /// - Parameters:
  ///   - other: An array of the same type.
  ///   - body: Called with each such place, and with the elements of this array and of the other.
  /// - Complexity: O(*n*) in the bytes; only elements that differ are unpacked.
  public func forEachDifference(
    from other: MetadataArray, _ body: (Int, MetadataValue, MetadataValue) -> Void
  ) {
    precondition(other.elementType == elementType, "arrays of two types")
    var mine = ByteReader(packed, file: "", order: order)
    var theirs = ByteReader(other.packed, file: "", order: other.order)
    do throws(FileError) {
      for index in 0..<min(count, other.count) {
        var (myElement, theirElement) = (mine, theirs)
        try mine.skipElements(elementType, 1, "an element")
        try theirs.skipElements(elementType, 1, "an element")
        let bytes = mine.bytes.extracting(myElement.offset..<mine.offset)
        let others = theirs.bytes.extracting(theirElement.offset..<theirs.offset)
        if order == other.order, bytes.holdsSame(as: others) { continue }
        let value = try myElement.ownedValue(elementType)
        let otherValue = try theirElement.ownedValue(elementType)
        if value != otherValue { body(index, value, otherValue) }
      }
    } catch {
      // Checked when the file was opened: only a file changed underneath can come here.
    }
  }

  /// Where an element lies; `nil` only for a file that was changed underneath.
  private static func place(
    of index: Int, in bytes: RawSpan, _ type: MetadataType
  ) -> Range<Int>? {
    var reader = ByteReader(bytes, file: "")
    do throws(FileError) {
      try reader.skipElements(type, index, "an element")
      let start = reader.offset
      try reader.skipElements(type, 1, "an element")
      return start..<reader.offset
    } catch {
      return nil
    }
  }
}
