// SPDX-License-Identifier: MIT

/// Copies numbers to memory that stays for as long as the process, where kernels look them up.
func lasting<Number>(_ numbers: [Number]) -> UnsafePointer<Number> {
  let memory = UnsafeMutablePointer<Number>.allocate(capacity: numbers.count)
  memory.initialize(from: numbers, count: numbers.count)
  return UnsafePointer(memory)
}
