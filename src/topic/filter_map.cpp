#include "topic/filter_map.h"

#include <utility>

#include "base/assert.h"
#include "topic/filter.h"

namespace topic {

FilterMap::FilterMap() : exact_root_(trie_.add_root()), wildcard_root_(trie_.add_root()) {}

void FilterMap::insert(std::string_view filter, FilterId id) {
  FilterId& place = id_at(make_place(filter));
  ASSERT(place == no_filter);
  place = id;
  ++size_;
}

void FilterMap::erase(std::string_view filter) {
  const Place place = locate(filter);
  ASSERT(place.node != no_node);
  FilterId& id = id_at(place);
  ASSERT(id != no_filter);
  id = no_filter;
  --size_;
  prune(place.node);
}

std::optional<FilterId> FilterMap::find(std::string_view filter) const {
  const Place place = locate(filter);
  if (place.node == no_node) return std::nullopt;
  const Branch& branch = trie_[place.node].data;
  const FilterId id = place.under_hash ? branch.hash_filter : branch.filter;
  return id == no_filter ? std::nullopt : std::optional(id);
}

FilterMap::Place FilterMap::locate(std::string_view filter) const {
  if (!has_wildcard(filter)) return {trie_.child(exact_root_, LevelKey(filter)), false};
  NodeId node = wildcard_root_;
  for (const std::string_view level : levels(filter)) {
    if (level == "#") return {node, true};
    node = step(node, level);
    if (node == no_node) break;
  }
  return {node, false};
}

FilterMap::Place FilterMap::make_place(std::string_view filter) {
  if (!has_wildcard(filter)) {
    const LevelKey whole(filter);
    const NodeId node = trie_.child(exact_root_, whole);
    return {node == no_node ? trie_.add_child(exact_root_, whole) : node, false};
  }
  NodeId node = wildcard_root_;
  for (const std::string_view level : levels(filter)) {
    if (level == "#") return {node, true};
    node = make_step(node, level);
  }
  return {node, false};
}

NodeId FilterMap::step(NodeId from, std::string_view level) const {
  return level == "+" ? trie_[from].data.plus : trie_.child(from, LevelKey(level));
}

NodeId FilterMap::make_step(NodeId from, std::string_view level) {
  const NodeId there = step(from, level);
  if (there != no_node) return there;
  if (level != "+") return trie_.add_child(from, LevelKey(level));
  const NodeId plus = trie_.add_unlisted(from, level);
  trie_[from].data.plus = plus;
  return plus;
}

FilterId& FilterMap::id_at(Place place) {
  Branch& branch = trie_[place.node].data;
  return place.under_hash ? branch.hash_filter : branch.filter;
}

void FilterMap::prune(NodeId node) {
  while (node != exact_root_ && node != wildcard_root_) {
    const auto& here = trie_[node];
    const bool holds = here.data.filter != no_filter || here.data.hash_filter != no_filter;
    if (holds || here.children > 0) return;
    const NodeId parent = here.parent;
    if (trie_[parent].data.plus == node) {
      trie_[parent].data.plus = no_node;
      trie_.remove_unlisted(node);
    } else {
      trie_.remove_child(node);
    }
    node = parent;
  }
}

void FilterMap::match(std::string_view name, MatchScratch& scratch) const {
  scratch.found.clear();
  const NodeId exact = trie_.child(exact_root_, LevelKey(name));
  if (exact != no_node) scratch.found.push_back(trie_[exact].data.filter);
  match_wildcards(name, scratch);
}

// Level by level instead of branch by branch: each level is hashed once, and neither a deep topic
// nor a filter of many + makes a deep stack.
void FilterMap::match_wildcards(std::string_view name, MatchScratch& scratch) const {
  scratch.nodes.assign(1, wildcard_root_);
  bool wildcards = !name.starts_with('$');  // [MQTT-4.7.2-1]
  for (const std::string_view level : levels(name)) {
    advance(level, wildcards, scratch);
    if (scratch.nodes.empty()) return;
    wildcards = true;
  }
  for (const NodeId node : scratch.nodes) {
    const Branch& branch = trie_[node].data;
    if (branch.hash_filter != no_filter) scratch.found.push_back(branch.hash_filter);
  }
  for (const NodeId node : scratch.nodes) {
    const Branch& branch = trie_[node].data;
    if (branch.filter != no_filter) scratch.found.push_back(branch.filter);
  }
}

void FilterMap::advance(std::string_view level, bool wildcards, MatchScratch& scratch) const {
  scratch.next_nodes.clear();
  const LevelKey key(level);
  for (const NodeId node : scratch.nodes) {
    const auto& here = trie_[node];
    if (wildcards && here.data.hash_filter != no_filter) {
      scratch.found.push_back(here.data.hash_filter);
    }
    if (here.children == 0) continue;
    const NodeId literal = trie_.child(node, key);
    if (literal != no_node) scratch.next_nodes.push_back(literal);
    if (wildcards && here.data.plus != no_node) scratch.next_nodes.push_back(here.data.plus);
  }
  std::swap(scratch.nodes, scratch.next_nodes);
}

}  // namespace topic
