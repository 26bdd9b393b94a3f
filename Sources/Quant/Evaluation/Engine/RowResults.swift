// SPDX-License-Identifier: MIT

/// One result a row, written by the threads that share the rows.
@safe
package final class RowResults<Result: Sendable>: @unchecked Sendable {
  private let storage: UnsafeMutableBufferPointer<Result?>

  package init(_ count: Int) {
    unsafe storage = .allocate(capacity: count)
    unsafe storage.initialize(repeating: nil)
  }

  deinit {
    unsafe storage.deinitialize()
    unsafe storage.deallocate()
  }

  package subscript(row: Int) -> Result? {
    get {
      unsafe precondition(row >= 0 && row < storage.count)
      return unsafe storage[row]
    }
    set {
      unsafe precondition(row >= 0 && row < storage.count)
      unsafe storage[row] = newValue
    }
  }
}
