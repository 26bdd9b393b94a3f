// SPDX-License-Identifier: MIT

/// The one place that knows the version.
package enum Version {
  /// The version of tool and libraries.
  package static let current = "0.1.0"
}
