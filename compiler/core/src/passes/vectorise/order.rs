//! What of a loop's body builds on itself from turn to turn: strongly connected components of its instructions (Tarjan, 1972), in an order in which each
//! comes behind what it reads.

/// The components of a graph, where `reads[i]` are the nodes that node i reads. A component comes behind those that it reads, and of several that might come
/// next the one with the first node; nodes of a component are in order.
pub(super) fn components(reads: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let component = tarjan(reads);
    let count = component.iter().copied().max().map_or(0, |last| last + 1);
    let mut nodes = vec![Vec::new(); count];
    for (node, at) in component.iter().enumerate() {
        nodes[*at].push(node);
    }
    let mut missing = vec![0_usize; count];
    let mut readers = vec![Vec::new(); count];
    for (node, read) in reads.iter().enumerate() {
        for other in read {
            if component[*other] != component[node] {
                missing[component[node]] += 1;
                readers[component[*other]].push(component[node]);
            }
        }
    }
    let first = |at: usize| std::cmp::Reverse((nodes[at].first().copied(), at));
    let mut ready: std::collections::BinaryHeap<_> = (0..count).filter(|at| missing[*at] == 0).map(first).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(std::cmp::Reverse((_, at))) = ready.pop() {
        order.push(at);
        for reader in &readers[at] {
            missing[*reader] -= 1;
            if missing[*reader] == 0 {
                ready.push(first(*reader));
            }
        }
    }
    order.into_iter().map(|at| nodes[at].clone()).collect()
}

/// The component of each node.
fn tarjan(reads: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let (mut index, mut low) = (vec![NEW; reads.len()], vec![NEW; reads.len()]);
    let (mut component, mut count, mut next) = (vec![NEW; reads.len()], 0, 0);
    let mut stack = Vec::new();
    // Nodes being visited, each with the place in its list; no recursion, as bodies may be long.
    let mut path: Vec<(usize, usize)> = Vec::new();
    for root in 0..reads.len() {
        if index[root] != NEW {
            continue;
        }
        path.push((root, 0));
        while let Some((node, at)) = path.last_mut() {
            let node = *node;
            if *at == 0 {
                (index[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
            }
            if let Some(other) = reads[node].get(*at).copied() {
                *at += 1;
                if index[other] == NEW {
                    path.push((other, 0));
                } else if component[other] == NEW {
                    low[node] = low[node].min(index[other]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
            if low[node] == index[node] {
                while let Some(member) = stack.pop() {
                    component[member] = count;
                    if member == node {
                        break;
                    }
                }
                count += 1;
            }
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_and_order() {
        // 0 reads 1, 1 reads 2, 2 reads 1: the cycle first.
        assert_eq!(components(&[vec![1], vec![2], vec![1], vec![]]), vec![vec![1, 2], vec![0], vec![3]]);
        assert_eq!(components(&[vec![0], vec![0]]), vec![vec![0], vec![1]]);
        assert_eq!(components(&[vec![2], vec![], vec![1]]), vec![vec![1], vec![2], vec![0]]);
    }
}
