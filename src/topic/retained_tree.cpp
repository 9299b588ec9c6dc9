#include "topic/retained_tree.h"

#include "base/assert.h"
#include "topic/filter.h"

namespace topic {

FilterPath::FilterPath(std::string_view filter) : text_(filter) {
  for (const std::string_view level : levels(text_)) {
    has_hash_ = level == "#";
    if (!has_hash_) levels_.emplace_back(level);
  }
}

FilterPath::Kind FilterPath::kind(std::size_t depth) const {
  if (depth >= levels_.size()) return has_hash_ ? Kind::any_rest : Kind::past_end;
  return levels_[depth].text == "+" ? Kind::any_one : Kind::literal;
}

RetainedTree::RetainedTree() : root_(trie_.add_root()) {}

NodeId RetainedTree::find(std::string_view name) const {
  NodeId node = root_;
  for (const std::string_view level : levels(name)) {
    node = trie_.child(node, LevelKey(level));
    if (node == no_node) break;
  }
  return node;
}

NodeId RetainedTree::find_or_add(std::string_view name) {
  NodeId node = root_;
  for (const std::string_view level : levels(name)) {
    const LevelKey key(level);
    const NodeId there = trie_.child(node, key);
    node = there == no_node ? add_child(node, key) : there;
  }
  return node;
}

void RetainedTree::set_value(NodeId node, ValueId value) {
  ASSERT(value != no_value);
  ValueId& place = trie_[node].data.value;
  size_ += place == no_value ? 1 : 0;
  place = value;
}

void RetainedTree::erase_value(NodeId node) {
  ValueId& place = trie_[node].data.value;
  ASSERT(place != no_value);
  place = no_value;
  --size_;
  prune(node);
}

void RetainedTree::start(Place& place) const {
  place = Place{root_, 0, {}};
}

// Pre-order.
bool RetainedTree::advance(const FilterPath& filter, Place& place) const {
  const NodeId child = first_match(filter, place.node, place.depth);
  if (child != no_node) {
    enter(place, child);
    return true;
  }
  while (place.node != root_) {
    const NodeId sibling = next_match(filter, place.node, place.depth - 1);
    leave(place);
    if (sibling != no_node) {
      enter(place, sibling);
      return true;
    }
  }
  return false;
}

void RetainedTree::pin(const Place& place) {
  ++trie_[place.node].data.pins;
}

void RetainedTree::unpin(const Place& place) {
  ASSERT(trie_[place.node].data.pins > 0);
  --trie_[place.node].data.pins;
  prune(place.node);
}

NodeId RetainedTree::add_child(NodeId parent, const LevelKey& level) {
  const NodeId added = trie_.add_child(parent, level);
  Branch& above = trie_[parent].data;
  trie_[added].data.previous = above.last_child;
  if (above.last_child == no_node) {
    above.first_child = added;
  } else {
    trie_[above.last_child].data.next = added;
  }
  above.last_child = added;
  return added;
}

void RetainedTree::unlink(NodeId node) {
  const Branch& here = trie_[node].data;
  Branch& above = trie_[trie_[node].parent].data;
  if (here.previous == no_node) {
    above.first_child = here.next;
  } else {
    trie_[here.previous].data.next = here.next;
  }
  if (here.next == no_node) {
    above.last_child = here.previous;
  } else {
    trie_[here.next].data.previous = here.previous;
  }
}

void RetainedTree::prune(NodeId node) {
  while (node != root_) {
    const auto& here = trie_[node];
    if (here.children > 0 || here.data.value != no_value || here.data.pins > 0) return;
    const NodeId parent = here.parent;
    unlink(node);
    trie_.remove_child(node);
    node = parent;
  }
}

NodeId RetainedTree::first_match(const FilterPath& filter, NodeId parent, std::size_t depth) const {
  switch (filter.kind(depth)) {
    case FilterPath::Kind::literal:
      return trie_.child(parent, filter.level(depth));
    case FilterPath::Kind::any_one:
    case FilterPath::Kind::any_rest:
      return skip_reserved(trie_[parent].data.first_child, depth);
    case FilterPath::Kind::past_end:
      return no_node;
  }
  UNREACHABLE();
}

NodeId RetainedTree::next_match(const FilterPath& filter, NodeId node, std::size_t depth) const {
  if (filter.kind(depth) == FilterPath::Kind::literal) return no_node;
  return skip_reserved(trie_[node].data.next, depth);
}

// A wildcard at the front does not match what begins with $. [MQTT-4.7.2-1]
NodeId RetainedTree::skip_reserved(NodeId node, std::size_t depth) const {
  while (depth == 0 && node != no_node && trie_[node].level.starts_with('$')) {
    node = trie_[node].data.next;
  }
  return node;
}

void RetainedTree::enter(Place& place, NodeId child) const {
  if (place.depth > 0) place.name += '/';
  place.name += trie_[child].level;
  place.node = child;
  ++place.depth;
}

void RetainedTree::leave(Place& place) const {
  const auto& here = trie_[place.node];
  place.node = here.parent;
  --place.depth;
  place.name.resize(place.name.size() - here.level.size() - (place.depth > 0 ? 1 : 0));
}

}  // namespace topic
