// SPDX-License-Identifier: MIT

/// How long an encoder searches for scales of less error.
///
/// It changes the formats whose encoder searches at all. The bytes of each effort are the same on
/// every CPU and for any number of threads.
public enum Effort: String, Sendable, CaseIterable {
  /// 1.2 to 2.7 times as fast as `default`; the error is at most about the reference's.
  case fast
  /// What speed and error are promised for.
  case `default`
  /// Up to three times as long as `default`, for less error.
  case best

  /// Whether this is `fast`, asked so that kernels compare no texts.
  @inlinable @inline(always)
  var isFast: Bool {
    switch self {
    case .fast: true
    case .default, .best: false
    }
  }
}
