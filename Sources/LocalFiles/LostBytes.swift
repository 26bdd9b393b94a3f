// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What happens when mapped bytes of a file are not there any more: another program made the file
/// shorter, or its disk fails. The system tells by a signal (SIGBUS), which ends a process at once.
///
/// A program may have the file named before it ends. It cannot go on: the code that reads has nothing
/// to go on with.
package enum LostBytes {
  private struct Mapping {
    let addresses: Range<UInt>
    let path: String
  }

  private static let mappings = Locked<[UInt: Mapping]>([:])
  private static let ending = Locked<(@Sendable (String) -> Never)?>(nil)

  /// From now on, has the program ended by `end` when bytes of a mapped file are lost.
  ///
  /// Signals of the same kind for any other memory keep ending the process as they do without this.
  ///
  /// - Parameter end: Takes the file's path, on the thread that read. It may do what any code may: the
  ///   thread was not within the system or an allocation, but at a plain load from the mapping.
  package static func watch(endingBy end: @escaping @Sendable (String) -> Never) {
    ending.withLock { $0 = end }
    unsafe install(handle)
  }

  package static func add(_ address: UnsafeRawPointer, byteCount: Int, path: String) {
    let first = UInt(bitPattern: address)
    mappings.withLock {
      $0[first] = Mapping(addresses: first..<first + UInt(byteCount), path: path)
    }
  }

  package static func remove(_ address: UnsafeRawPointer) {
    mappings.withLock { $0[UInt(bitPattern: address)] = nil }
  }

  /// The mapped file that an address belongs to.
  ///
  /// Never waits for long: the signal may be of other memory, on a thread that holds the lock.
  private static func path(at address: UInt) -> String? {
    for _ in 0..<100 {
      let found = mappings.withLockIfAvailable { mappings -> String?? in
        .some(mappings.values.first { $0.addresses.contains(address) }?.path)
      }
      if let found { return found ?? nil }
      usleep(1000)
    }
    return nil
  }

  /// Ends the program if an address is ours; else returns.
  fileprivate static func report(_ address: UInt) {
    guard let path = path(at: address), let end = ending.withLock({ $0 }) else { return }
    end(path)
  }
}

private typealias Handler =
  @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void

private func install(_ handler: @escaping Handler) {
  var action = sigaction()
  #if canImport(Darwin)
    unsafe action.__sigaction_u.__sa_sigaction = handler
  #elseif canImport(Musl)
    unsafe action.__sa_handler.sa_sigaction = handler
  #else
    unsafe action.__sigaction_handler.sa_sigaction = handler
  #endif
  action.sa_flags = SA_SIGINFO
  _ = unsafe sigaction(SIGBUS, &action, nil)
}

private func handle(
  _ number: Int32, _ information: UnsafeMutablePointer<siginfo_t>?, _: UnsafeMutableRawPointer?
) {
  if let information = unsafe information {
    unsafe LostBytes.report(address(information.pointee))
  }
  // Not ours: on return the signal comes again, and ends the process as it would without this handler.
  _ = signal(number, SIG_DFL)
  _ = raise(number)
}

private func address(_ information: siginfo_t) -> UInt {
  #if canImport(Darwin)
    unsafe UInt(bitPattern: information.si_addr)
  #elseif canImport(Musl)
    unsafe UInt(bitPattern: information.__si_fields.__sigfault.si_addr)
  #else
    unsafe UInt(bitPattern: information._sifields._sigfault.si_addr)
  #endif
}
