// SPDX-License-Identifier: MIT

/// Strings of bytes as a tree: finds all strings that a text begins with, in one walk.
///
/// The children of all nodes are in one open-addressing table, those of the root in an array.
package struct ByteTrie: Sendable {
  private struct Edge {
    var key: UInt64 = 0
    /// Zero, the root, is nobody's child and marks an empty place.
    var child: Int32 = 0
  }

  /// Where every walk begins.
  static let root: Int32 = 0
  /// What stands for "no node" and "no value".
  static let none: Int32 = -1

  private var edges: [Edge] = Array(repeating: Edge(), count: 64)
  private var first: [Int32] = Array(repeating: none, count: 256)
  private var values: [Int32] = [none]
  private let hash: KeyedHash

  /// Makes a tree without strings.
  package init(hash: KeyedHash = .ofProcess) { self.hash = hash }

  /// The value of the string that ends at a node, or `none`.
  func value(_ node: Int32) -> Int32 { values[Int(node)] }

  /// The node that a byte leads to, or `none`.
  func child(_ node: Int32, _ byte: UInt8) -> Int32 {
    guard node != Self.root else { return first[Int(byte)] }
    let key = Self.key(node, byte)
    var place = place(of: key)
    while edges[place].child != Self.root {
      if edges[place].key == key { return edges[place].child }
      place = (place + 1) & (edges.count - 1)
    }
    return Self.none
  }

  /// Adds a string; its value replaces an earlier one.
  package mutating func insert(_ string: ArraySlice<UInt8>, value: Int32) {
    var node = Self.root
    for byte in string {
      let next = child(node, byte)
      node = next == Self.none ? addChild(node, byte) : next
    }
    values[Int(node)] = value
  }

  private mutating func addChild(_ node: Int32, _ byte: UInt8) -> Int32 {
    let child = Int32(values.count)
    values.append(Self.none)
    if node == Self.root {
      first[Int(byte)] = child
      return child
    }
    if values.count * 2 > edges.count { grow() }
    link(Edge(key: Self.key(node, byte), child: child))
    return child
  }

  private mutating func grow() {
    let old = edges
    edges = Array(repeating: Edge(), count: old.count * 2)
    for edge in old where edge.child != Self.root { link(edge) }
  }

  private mutating func link(_ edge: Edge) {
    var place = place(of: edge.key)
    while edges[place].child != Self.root { place = (place + 1) & (edges.count - 1) }
    edges[place] = edge
  }

  private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 {
    UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
  }

  /// Where a search for a key begins.
  private func place(of key: UInt64) -> Int { Int(hash(key)) & (edges.count - 1) }

  /// The most places that are looked at to find a child: few, whatever the strings.
  package var longestSearch: Int {
    edges.indices.filter { edges[$0].child != Self.root }.map { place in
      1 + (place - self.place(of: edges[place].key)) & (edges.count - 1)
    }.max() ?? 0
  }
}
