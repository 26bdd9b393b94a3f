// SPDX-License-Identifier: MIT
private import CZlib

/// Decodes gzip files of any number of members, by zlib.
@safe final class GzipDecoder: StreamDecoder {
  private(set) var isBetweenParts = false
  // On the heap, because zlib keeps its address.
  private let stream: UnsafeMutablePointer<z_stream>

  /// Makes a decoder at the start of a file; `nil` if there is no memory.
  init?() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 15 bits of window, the most there are; 16 more for gzip's header and checksum.
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else {
      unsafe stream.deallocate()
      return nil
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  func decode(
    _ input: [UInt8], from position: inout Int, into output: inout [UInt8]
  ) throws(StreamFailure) -> Int {
    if isBetweenParts {
      // Some programs fill up the last block with zeros.
      while position < input.count && input[position] == 0 { position += 1 }
      guard position < input.count else { return 0 }
      unsafe inflateReset(stream)
      isBetweenParts = false
    }
    let (code, taken, written) = run(input, position, &output)
    position += taken
    switch code {
    case Z_OK, Z_BUF_ERROR: break  // The latter: no input, or no room, and no harm.
    case Z_STREAM_END: isBetweenParts = true
    default: throw StreamFailure(reason: reason(code))
    }
    return written
  }

  private func run(
    _ input: [UInt8], _ position: Int, _ output: inout [UInt8]
  ) -> (code: Int32, taken: Int, written: Int) {
    unsafe input.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        let rest = unsafe UnsafeBufferPointer(rebasing: source[position...])
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: rest.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(rest.count)
        unsafe stream.pointee.next_out = target.baseAddress
        unsafe stream.pointee.avail_out = UInt32(target.count)
        let code = unsafe inflate(stream, Z_NO_FLUSH)
        return unsafe (
          code, rest.count - Int(stream.pointee.avail_in),
          target.count - Int(stream.pointee.avail_out)
        )
      }
    }
  }

  private func reason(_ code: Int32) -> String {
    if let message = unsafe stream.pointee.msg { return unsafe String(cString: message) }
    return code == Z_MEM_ERROR ? "out of memory" : "error \(code) of zlib"
  }
}
