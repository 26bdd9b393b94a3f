// SPDX-License-Identifier: MIT
internal import QuantModels

/// A buffer that grows, and the holes in it: where llama.cpp's graph allocator puts tensors.
///
/// The smallest hole that is large enough is taken, the last of equal ones; where none is, the buffer
/// grows at its end. Sizes are multiples of the buffer's alignment.
struct FreeList {
  private struct Hole {
    var offset: Int
    var size: Int
    var end: Int { offset + size }
  }

  /// Sorted by offset; the last one is the endless rest.
  private var holes = [Hole(offset: 0, size: Int.max / 2)]
  private let alignment: Int
  /// Bytes that the buffer must have.
  private(set) var peak = 0

  init(alignment: Int) { self.alignment = alignment }

  /// Takes room; returns where it begins.
  mutating func take(_ bytes: Int) -> Int {
    let size = bytes.roundedUp(to: alignment)
    var best = holes.count - 1
    for index in 0..<holes.count - 1 where holes[index].size >= size {
      if best == holes.count - 1 || holes[index].size <= holes[best].size { best = index }
    }
    let offset = holes[best].offset
    holes[best].offset += size
    holes[best].size -= size
    if holes[best].size == 0 { holes.remove(at: best) }
    peak = max(peak, offset + size)
    return offset
  }

  /// Gives room back, joining it with the holes beside it.
  ///
  /// Tensors without numbers count, too: they leave empty holes behind, and a hole that has an empty one
  /// within it no longer joins its neighbours. llama.cpp's buffers are larger for it.
  mutating func give(_ offset: Int, _ bytes: Int) {
    let size = bytes.roundedUp(to: alignment)
    for index in holes.indices {
      if holes[index].end == offset {
        holes[index].size += size
        join(index)
        return
      }
      if offset + size == holes[index].offset {
        holes[index].offset = offset
        holes[index].size += size
        if index > 0 { join(index - 1) }
        return
      }
    }
    let next = holes.firstIndex { $0.offset >= offset } ?? holes.count
    holes.insert(Hole(offset: offset, size: size), at: next)
  }

  /// Joins a hole with the one behind it, if that begins where it ends.
  private mutating func join(_ index: Int) {
    guard index + 1 < holes.count, holes[index].end == holes[index + 1].offset else { return }
    holes[index].size += holes[index + 1].size
    holes.remove(at: index + 1)
  }

  /// Gives back the end of a piece of which only the beginning is still used.
  mutating func shrink(_ offset: Int, from old: Int, to new: Int) {
    let kept = new.roundedUp(to: alignment)
    let had = old.roundedUp(to: alignment)
    if had > kept { give(offset + kept, had - kept) }
  }
}
