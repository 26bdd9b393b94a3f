// SPDX-License-Identifier: MIT

/// A matrix as one or two bfloat16 numbers for each of its own, rows packed.
///
/// Grows as needed and is not cleared.
@safe
final class HalfMatrix: @unchecked Sendable {
  private var capacity = 0
  private var storage: UnsafeMutablePointer<UInt16>?

  deinit { unsafe storage?.deallocate() }

  /// Where the upper parts of `count` numbers are; the lower parts follow them.
  @unsafe func memory(count: Int) -> (
    high: UnsafeMutablePointer<UInt16>, low: UnsafeMutablePointer<UInt16>
  ) {
    if let storage = unsafe storage, count <= capacity {
      return unsafe (storage, storage + count)
    }
    unsafe storage?.deallocate()
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(4 * count, 4), alignment: 64)
    let fresh = unsafe raw.bindMemory(to: UInt16.self, capacity: max(2 * count, 2))
    unsafe storage = fresh
    capacity = count
    return unsafe (fresh, fresh + count)
  }
}
