// SPDX-License-Identifier: MIT
import Foundation

/// Whether the tests were built with a sanitizer (`make sanitize`), which takes memory of its own.
public enum Sanitizer {
  /// Whether AddressSanitizer or ThreadSanitizer is part of this program.
  public static let isOn = ["__asan_init", "__tsan_init"].contains { (name: String) in
    dlsym(nil, name) != nil
  }
}
