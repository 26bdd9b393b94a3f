// SPDX-License-Identifier: MIT
import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the tool does when it is told to stop, or when a file is taken away from under it: temporary
/// files go, and what the next run goes on with is named.
enum Interruption {
  /// Signals that ask a program to stop, and leave it time to tidy up.
  private static let requests = [SIGINT, SIGTERM, SIGHUP]

  /// Begins to watch; to be called before there are other threads, which take over what is blocked.
  static func watch() {
    // Beyond a limit on the size of files (`ulimit -f`), a write shall fail as on a full disk.
    _ = signal(SIGXFSZ, SIG_IGN)
    LostBytes.watch(endingBy: endWithout)
    let watched = requests.filter { !isIgnored($0) }
    guard !watched.isEmpty else { return }
    var set = signals(watched)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    startThread {
      var set = signals(watched)
      var number: Int32 = 0
      while unsafe sigwait(&set, &number) != 0 {}
      end(by: number, &set)
    }
  }

  /// Says what the next run can go on with.
  static func tellWhatStays(_ kept: [UnfinishedFiles.Kept] = UnfinishedFiles.kept) {
    for kept in kept { Notes.write(sentence(kept)) }
  }

  private static func sentence(_ kept: UnfinishedFiles.Kept) -> String {
    switch kept {
    case .output(let path):
      "the unfinished \(path) stays: the same command goes on with it, --restart gives it up"
    case .state(let path):
      "\(path) stays: the same command goes on with it"
    }
  }

  /// Ends as the signal would have ended the tool, so that shells and schedulers see it.
  private static func end(by number: Int32, _ set: inout sigset_t) -> Never {
    // From here on a second signal ends the tool at once.
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    UnfinishedFiles.clear { kept in
      Notes.write("interrupted")
      tellWhatStays(kept)
      raise(number)
      _exit(128 + number)
    }
  }

  /// Ends after a mapped file became shorter, or could not be read.
  @Sendable private static func endWithout(_ path: String) -> Never {
    UnfinishedFiles.clear { kept in
      Notes.write(
        "Error: \(path): expected the bytes that were there when it was opened, found none: another"
          + " program made the file shorter, or its disk cannot be read")
      tellWhatStays(kept)
      _exit(1)
    }
  }

  /// Whether whoever started the tool wants a signal to pass, as `nohup` does.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    _ = unsafe sigaction(number, nil, &action)
    #if canImport(Darwin)
      let handler = unsafe action.__sigaction_u.__sa_handler
    #elseif canImport(Musl)
      let handler = unsafe action.__sa_handler.sa_handler
    #else
      let handler = unsafe action.__sigaction_handler.sa_handler
    #endif
    return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func signals(_ numbers: [Int32]) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in numbers { unsafe sigaddset(&set, number) }
    return set
  }

  /// Runs code on a thread of its own, which nothing else can keep busy.
  private static func startThread(_ body: @escaping @Sendable () -> Void) {
    let box = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
      _ = unsafe pthread_create(&thread, nil, { unsafe Body.run($0) }, box)
    #else
      var thread = pthread_t()
      _ = unsafe pthread_create(&thread, nil, { unsafe Body.run($0) }, box)
    #endif
  }

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
