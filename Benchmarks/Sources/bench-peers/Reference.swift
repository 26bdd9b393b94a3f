// SPDX-License-Identifier: MIT
import Foundation
import GGUF

/// Why the reference cannot be used.
struct ReferenceError: Error, CustomStringConvertible {
  /// What is wrong, for people.
  let description: String
}

/// The reference's library, as PyPI's llama-cpp-python compiled it for this machine.
final class Reference {
  private typealias TypeName = @convention(c) (UInt32) -> UnsafePointer<CChar>?
  private typealias Text = @convention(c) () -> UnsafePointer<CChar>?

  /// The package and the commit of the library, such as `llama-cpp-python 0.3.36, ggml 0.9.4`.
  let version: String
  private let library: UnsafeMutableRawPointer
  private let typeName: TypeName

  /// Loads the library out of a virtual environment that llama-cpp-python is installed in.
  init(environment folder: String) throws {
    let package = try Self.package(in: URL(filePath: folder))
    let path = package.appending(path: "llama_cpp/lib/libggml-base.so").path
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw ReferenceError(description: dlerror().map { String(cString: $0) } ?? path)
    }
    self.library = library
    typeName = try Self.symbol("ggml_type_name", in: library)
    let text: Text = try Self.symbol("ggml_version", in: library)
    let number = text().map { String(cString: $0) } ?? "of unknown version"
    version = "llama-cpp-python \(Self.packageVersion(package)), ggml \(number)"
  }

  /// The functions for a type, or nothing where the library does not know it.
  ///
  /// - Throws: `ReferenceError` if the library's blocks are not of the size that ours have, which is
  ///   also how a changed table of functions would show.
  func format(of type: TensorType) throws -> ReferenceFormat? {
    // The name of an unknown type can be asked for, its functions cannot.
    guard let name = typeName(type.rawValue), String(cString: name) != "NONE" else { return nil }
    return try ReferenceFormat(type, in: self)
  }

  /// A function of the library.
  func symbol<Function>(_ name: String) throws -> Function {
    try Self.symbol(name, in: library)
  }

  private static func symbol<Function>(
    _ name: String, in library: UnsafeMutableRawPointer
  ) throws -> Function {
    guard let address = dlsym(library, name) else {
      throw ReferenceError(description: "the reference's library has no \(name)")
    }
    return unsafeBitCast(address, to: Function.self)
  }

  /// The folder of installed packages that holds llama_cpp.
  private static func package(in environment: URL) throws -> URL {
    let lib = environment.appending(path: "lib")
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: lib.path)) ?? []
    let packages = folders.map { lib.appending(path: "\($0)/site-packages") }
    guard
      let found = packages.first(where: {
        FileManager.default.fileExists(atPath: $0.appending(path: "llama_cpp/lib").path)
      })
    else {
      throw ReferenceError(
        description: "\(environment.path) has no llama-cpp-python; run scripts/install-reference")
    }
    return found
  }

  private static func packageVersion(_ package: URL) -> String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: package.path)) ?? []
    let prefix = "llama_cpp_python-"
    let info = names.first { $0.hasPrefix(prefix) && $0.hasSuffix(".dist-info") }
    return info.map { String($0.dropFirst(prefix.count).dropLast(".dist-info".count)) } ?? "?"
  }
}
