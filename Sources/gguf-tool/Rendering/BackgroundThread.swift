// SPDX-License-Identifier: MIT
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Threads of their own, which nothing else can keep busy.
enum BackgroundThread {
  /// Runs code on one.
  static func start(_ body: @escaping @Sendable () -> Void) {
    let box = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    _ = unsafe pthread_create(&thread, nil, { unsafe Body.run($0) }, box)
  }

  /// Waits on the present one.
  static func sleep(seconds: Double) { _ = usleep(UInt32(seconds * 1e6)) }

  private final class Body: Sendable {
    private let code: @Sendable () -> Void

    init(_ code: @escaping @Sendable () -> Void) { self.code = code }

    static func run(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
      if let box = unsafe box {
        unsafe Unmanaged<Body>.fromOpaque(box).takeRetainedValue().code()
      }
      return nil
    }
  }
}
