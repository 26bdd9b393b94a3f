// SPDX-License-Identifier: MIT
package import LocalFiles

extension InputFiles {
  /// Takes the paths of models; a shard stands for all shards of its model.
  package init(models names: [String]) {
    self.init(paths: names.flatMap { SplitName(path: $0)?.allPaths ?? [$0] })
  }
}
