// SPDX-License-Identifier: MIT
import Synchronization

/// The exit code of a run that fails.
enum FailureCode {
  private static let code = Atomic<Int32>(1)

  /// 1, or the code of the command that runs.
  static var current: Int32 { code.load(ordering: .relaxed) }

  /// Takes the code of the command that runs, if it has one of its own.
  static func use(of command: Any.Type) {
    guard let own = command as? any OwnFailureCode.Type else { return }
    code.store(own.failureCode, ordering: .relaxed)
  }
}

/// A command whose exit code 1 is a result, so that failures need another.
protocol OwnFailureCode {
  /// The exit code of a run that fails.
  static var failureCode: Int32 { get }
}
