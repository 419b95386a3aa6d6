//! Pairs that many lists have in common are counted once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// In sorted lists of the numbers 0 to `numbers` − 1, replaces pair after pair by a new number.
///
/// Greedily, the pair that most lists have in common (of several the first) is replaced in all of
/// them, until no two lists share a pair (Paar 1997). The new numbers count on from `numbers`;
/// the result has the pair that each replaces, the smaller part first.
pub(super) fn share_pairs(lists: &mut [Vec<u32>], numbers: usize) -> Vec<[u32; 2]> {
    let mut nodes: Vec<[u32; 2]> = Vec::new();
    // The lists that each number was once in.
    let mut users: Vec<Vec<u32>> = vec![Vec::new(); numbers];
    let mut pairs = Vec::new();
    for (index, list) in lists.iter().enumerate() {
        for (i, &a) in list.iter().enumerate() {
            users[a as usize].push(index as u32);
            pairs.extend(list[i + 1..].iter().map(|&b| [a, b]));
        }
    }
    // How often each pair is shared. A pair of old numbers only gets rarer, so that a pair in
    // one list doesn't count; an entry of the heap is stale if its count has changed.
    let mut counts: HashMap<[u32; 2], u32> = HashMap::new();
    let mut heap = BinaryHeap::new();
    let count_shared = |pairs: &mut Vec<[u32; 2]>,
                        counts: &mut HashMap<[u32; 2], u32>,
                        heap: &mut BinaryHeap<(u32, Reverse<[u32; 2]>)>| {
        pairs.sort_unstable();
        for same in pairs.chunk_by(|a, b| a == b).filter(|same| same.len() > 1) {
            counts.insert(same[0], same.len() as u32);
            heap.push((same.len() as u32, Reverse(same[0])));
        }
        pairs.clear();
    };
    count_shared(&mut pairs, &mut counts, &mut heap);
    while let Some((count, Reverse(pair))) = heap.pop() {
        let current = counts.get(&pair).copied().unwrap_or(0);
        if current != count {
            if current > 1 {
                heap.push((current, Reverse(pair)));
            }
            continue;
        }
        let node = (numbers + nodes.len()) as u32;
        nodes.push(pair);
        let [a, b] = pair;
        let rarer = std::cmp::min_by_key(a, b, |&number| users[number as usize].len());
        let mut moved = Vec::with_capacity(count as usize);
        for &user in &users[rarer as usize] {
            let list = &mut lists[user as usize];
            if list.binary_search(&a).is_err() || list.binary_search(&b).is_err() {
                continue;
            }
            list.retain(|&number| number != a && number != b);
            for &other in list.iter() {
                for number in pair {
                    if let Some(count) = counts.get_mut(&[other.min(number), other.max(number)]) {
                        *count -= 1;
                    }
                }
                pairs.push([other, node]);
            }
            list.push(node);
            moved.push(user);
        }
        counts.remove(&pair);
        count_shared(&mut pairs, &mut counts, &mut heap);
        users.push(moved);
    }
    nodes
}
