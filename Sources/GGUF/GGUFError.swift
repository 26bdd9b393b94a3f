// SPDX-License-Identifier: MIT
@_exported public import LocalFiles

/// What this module throws: errors of files, with the place where they occurred.
public typealias GGUFError = FileError
