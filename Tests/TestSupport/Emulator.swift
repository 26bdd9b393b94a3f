// SPDX-License-Identifier: MIT
import Foundation

/// A processor of 2008, without AVX, emulated by Debian's qemu-user.
public enum Emulator {
  private static let path = "/usr/bin/qemu-x86_64"
  /// What runs a program there.
  public static let words = [path, "-cpu", "Nehalem"]
  /// Whether it can be used. A sanitizer's shadow memory would be all real in it.
  public static let isAvailable =
    FileManager.default.isExecutableFile(atPath: path) && !Sanitizer.isOn
  /// Why a test was skipped.
  public static let need = "needs qemu-x86_64, Debian's qemu-user, and no sanitizer"
}
