// A tree of topic levels whose nodes are numbers. All edges are in one flat hash table keyed
// (parent, level hash); a hit is checked against the level's text. The hash is kept in the edge, so
// that growing the table reads no text. Knows neither wildcards nor topics; iterates nothing,
// because the table's order differs from process to process. One thread, or one lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "base/assert.h"
#include "base/strong.h"
#include "topic/give_back.h"
#include "topic/slots.h"

namespace topic {

using NodeId = base::Strong<struct NodeIdTag, std::uint32_t>;
inline constexpr NodeId no_node{0xffff'ffff};

// A level with its hash: hashed once, looked up under many parents.
struct LevelKey {
  LevelKey(std::string_view level, std::uint32_t known_hash) : text(level), hash(known_hash) {}
  explicit LevelKey(std::string_view level)
      : text(level), hash(static_cast<std::uint32_t>(absl::Hash<std::string_view>()(level))) {}
  std::string_view text;
  std::uint32_t hash;
};

template <class Data>
class LevelTrie final {
 public:
  struct Node {
    std::string level;
    NodeId parent = no_node;
    std::uint32_t hash = 0;
    std::uint32_t children = 0;
    Data data{};
  };

  LevelTrie() : edges_(0, EdgeHash{}, EdgeEqual{&nodes_}) {}
  LevelTrie(const LevelTrie&) = delete;
  LevelTrie& operator=(const LevelTrie&) = delete;

  // A node without a parent. Never removed.
  NodeId add_root() { return NodeId{nodes_.take(Node{})}; }
  NodeId child(NodeId parent, const LevelKey& level) const {
    const auto edge = edges_.find(EdgeKey{parent, level});
    return edge == edges_.end() ? no_node : edge->child;
  }
  NodeId add_child(NodeId parent, const LevelKey& level) {
    const NodeId added = add_unlisted(parent, level.text);
    nodes_[added.value].hash = level.hash;
    edges_.insert(Edge{parent, added, level.hash});
    return added;
  }
  // A child that child() does not find: whoever adds it keeps its number.
  NodeId add_unlisted(NodeId parent, std::string_view level) {
    ++nodes_[parent.value].children;
    return NodeId{nodes_.take(Node{std::string(level), parent, 0, 0, Data{}})};
  }
  void remove_child(NodeId gone) {
    const Node& node = nodes_[gone.value];
    const LevelKey level(node.level, node.hash);
    const auto edge = edges_.find(EdgeKey{node.parent, level});
    ASSERT(edge != edges_.end());
    edges_.erase(edge);
    remove_unlisted(gone);
    give_back_space(edges_);
  }
  void remove_unlisted(NodeId gone) {
    ASSERT(nodes_[gone.value].children == 0);
    --nodes_[nodes_[gone.value].parent.value].children;
    nodes_.give_back(gone.value);
  }
  Node& operator[](NodeId at) { return nodes_[at.value]; }
  const Node& operator[](NodeId at) const { return nodes_[at.value]; }
  std::size_t size() const { return nodes_.size(); }
  std::size_t memory() const {
    std::size_t sum = nodes_.memory() + edges_.capacity() * (sizeof(Edge) + 1);
    nodes_.for_each([&sum](const Node& node) {
      const bool is_inside = node.level.capacity() <= std::string().capacity();
      sum += is_inside ? 0 : node.level.capacity() + 1;
    });
    return sum;
  }

 private:
  struct Edge {
    NodeId parent;
    NodeId child;
    std::uint32_t hash = 0;
  };
  struct EdgeKey {
    NodeId parent;
    const LevelKey& level;
  };
  struct EdgeHash {
    using is_transparent = void;
    static std::size_t mix(NodeId parent, std::uint32_t hash) {
      const std::uint64_t key = (std::uint64_t{parent.value} << 32) | hash;
      return absl::Hash<std::uint64_t>()(key);
    }
    std::size_t operator()(const Edge& edge) const { return mix(edge.parent, edge.hash); }
    std::size_t operator()(const EdgeKey& key) const { return mix(key.parent, key.level.hash); }
  };
  struct EdgeEqual {
    using is_transparent = void;
    bool operator()(const Edge& a, const Edge& b) const { return a.child == b.child; }
    bool operator()(const Edge& edge, const EdgeKey& key) const {
      return edge.parent == key.parent && edge.hash == key.level.hash &&
             (*nodes)[edge.child.value].level == key.level.text;
    }
    bool operator()(const EdgeKey& key, const Edge& edge) const { return (*this)(edge, key); }
    const Slots<Node>* nodes;
  };

  Slots<Node> nodes_;
  absl::flat_hash_set<Edge, EdgeHash, EdgeEqual> edges_;
};

}  // namespace topic
