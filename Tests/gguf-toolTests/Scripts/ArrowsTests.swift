// SPDX-License-Identifier: MIT
import TestSupport
import Testing

/// What `make arrows` runs, tried on small packages of the script's own making.
@Suite("Arrows", .enabled(if: Python.canImport("ctypes"), "needs python3"))
struct ArrowsTests {
  @Test func `cycles and wrong dependencies are found`() throws {
    _ = try Python.run("check_arrows.py")
  }
}
