// SPDX-License-Identifier: MIT

/// Some of the tokens that one expert works on: all that it has of some windows.
package struct ExpertTokens {
  /// Their places in the routing.
  private(set) var places: [Int] = []
  /// The rows of each window.
  package private(set) var windows: [Range<Int>] = []

  /// Cuts an expert's tokens between windows.
  ///
  /// - Parameters:
  ///   - places: The places of all its tokens, in order.
  ///   - routing: Where they are places.
  ///   - length: Tokens of a window.
  ///   - limit: The most tokens of a part; a window's stay together even so.
  /// - Returns: Parts in order, none of them empty.
  package static func parts(
    of places: [Int], _ routing: Routing, _ length: Int, limit: Int = .max
  ) -> [ExpertTokens] {
    var parts: [ExpertTokens] = []
    var start = 0
    while start < places.count {
      let window = places[start] / routing.used / length
      var end = start
      while end < places.count, places[end] / routing.used / length == window { end += 1 }
      let fits = parts.last.map { $0.places.count <= limit - (end - start) } ?? false
      if !fits { parts.append(ExpertTokens()) }
      parts[parts.count - 1].add(places[start..<end])
      start = end
    }
    return parts
  }

  private mutating func add(_ window: ArraySlice<Int>) {
    windows.append(places.count..<places.count + window.count)
    places += window
  }
}
