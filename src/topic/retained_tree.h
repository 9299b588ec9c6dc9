// Topic names as a tree of levels with a number at the end of each name: what a stripe of the
// retained store is made of. Children are kept in the order they came, so a walk is the same in
// every run. A walk can stop anywhere and go on later: the node where it rests is pinned and stays
// until then. Behind the stripe's lock; calls nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "topic/level_trie.h"

namespace topic {

// A filter taken apart for walking.
class FilterPath final {
 public:
  explicit FilterPath(std::string_view filter);
  FilterPath(const FilterPath&) = delete;
  FilterPath& operator=(const FilterPath&) = delete;

  enum class Kind : std::uint8_t { literal, any_one, any_rest, past_end };
  // What the filter asks of the children of a node at this depth (the root's is 0).
  Kind kind(std::size_t depth) const;
  const LevelKey& level(std::size_t depth) const { return levels_[depth]; }
  // Is a name that ends at this depth matched?
  bool ends(std::size_t depth) const {
    return depth == levels_.size() || kind(depth) == Kind::any_rest;
  }
  const std::string& text() const { return text_; }

 private:
  const std::string text_;
  std::vector<LevelKey> levels_;  // Views of text_. Without the #.
  bool has_hash_ = false;
};

class RetainedTree final {
 public:
  using ValueId = std::uint32_t;
  static constexpr ValueId no_value = 0xffff'ffff;

  // Where a walk rests: at a node it has already been to.
  struct Place {
    NodeId node = no_node;
    std::size_t depth = 0;
    std::string name;  // Of that node.
  };

  RetainedTree();
  NodeId find(std::string_view name) const;  // no_node if there is none.
  NodeId find_or_add(std::string_view name);
  ValueId value(NodeId node) const { return trie_[node].data.value; }
  void set_value(NodeId node, ValueId value);
  void erase_value(NodeId node);  // Nodes that lead nowhere any more go too.

  void start(Place& place) const;
  // The next node that the filter does not rule out, whether it has a value or not. False at the
  // end.
  bool advance(const FilterPath& filter, Place& place) const;
  void pin(const Place& place);
  void unpin(const Place& place);

  std::size_t size() const { return size_; }
  std::size_t memory() const { return trie_.memory(); }

 private:
  struct Branch {
    NodeId first_child = no_node;
    NodeId last_child = no_node;
    NodeId next = no_node;
    NodeId previous = no_node;
    ValueId value = no_value;
    std::uint32_t pins = 0;
  };
  NodeId add_child(NodeId parent, const LevelKey& level);
  void unlink(NodeId node);
  void prune(NodeId node);
  NodeId first_match(const FilterPath& filter, NodeId parent, std::size_t depth) const;
  NodeId next_match(const FilterPath& filter, NodeId node, std::size_t depth) const;
  NodeId skip_reserved(NodeId node, std::size_t depth) const;
  void enter(Place& place, NodeId child) const;
  void leave(Place& place) const;

  LevelTrie<Branch> trie_;
  NodeId root_;
  std::size_t size_ = 0;
};

}  // namespace topic
