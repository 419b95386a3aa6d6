//! Each operator gives what the library gives, on random shapes, attributes and numbers.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};
use veilcast_onnx::Interpreter;
use veilcast_onnx::pb::{AttributeProto, ModelProto, NodeProto, TensorProto};

use crate::common::library::Library;
use crate::common::{float, floats, integer, integers, network, node, single, text, whole};

/// Random networks for each operator.
const CASES: usize = 120;

/// Draws sides and numbers.
struct Random(ChaCha20Rng);

impl Random {
    fn upto(&mut self, most: usize) -> usize {
        self.0.random_range(0..=most)
    }

    fn side(&mut self) -> usize {
        1 + self.upto(5)
    }

    fn sides(&mut self, ranks: std::ops::RangeInclusive<usize>) -> Vec<usize> {
        let rank = self.0.random_range(ranks);
        (0..rank).map(|_| self.side()).collect()
    }

    fn flips(&mut self) -> bool {
        self.0.random_range(0..2) == 1
    }

    fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(-2.0..2.0)).collect()
    }

    fn constant(&mut self, name: &str, sides: &[usize]) -> TensorProto {
        let numbers = self.numbers(sides.iter().product());
        floats(name, sides, &numbers)
    }

    /// A constant, or what a node makes of one.
    fn maybe_computed(&mut self, name: &str, sides: &[usize]) -> (Vec<NodeProto>, TensorProto) {
        match self.flips() {
            false => (Vec::new(), self.constant(name, sides)),
            true => {
                let constant = self.constant("constant", sides);
                (vec![node("Tanh", &["constant"], name, vec![])], constant)
            }
        }
    }
}

/// Runs random networks with both; `make` draws one that takes `x` of a shape.
fn compare(make: impl Fn(&mut Random) -> (Vec<usize>, ModelProto)) {
    let mut random = Random(ChaCha20Rng::seed_from_u64(1));
    for case in 0..CASES {
        let (shape, network) = make(&mut random);
        let own = Interpreter::compile(&network, &shape)
            .unwrap_or_else(|error| panic!("case {case}: {error}: {network:#?}"));
        let library = Library::compile(&network, &shape)
            .unwrap_or_else(|error| panic!("case {case}: {error:?}: {network:#?}"));
        for _ in 0..2 {
            let values = random.numbers(shape.iter().product());
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let found = own.run(&values).unwrap();
            let (shape, expected) = library.run(&values).unwrap();
            assert_eq!(found.shape, shape, "case {case}: {network:#?}");
            assert_eq!(own.output_shape(), shape);
            assert_eq!(found.numbers.len(), expected.len());
            let largest = expected.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
            for (index, (found, expected)) in found.numbers.iter().zip(&expected).enumerate() {
                assert!(
                    (found - expected).abs() <= 2e-6 * largest,
                    "case {case}, {index}: {found} {expected}: {network:#?}"
                );
            }
        }
    }
}

/// Now and then an attribute: what is usual need not be said.
fn maybe(random: &mut Random, attributes: &mut Vec<AttributeProto>, attribute: AttributeProto) {
    if random.flips() {
        attributes.push(attribute);
    }
}

fn compare_function(operator: &str) {
    compare(|random| {
        let shape = random.sides(1..=4);
        let network = single(&shape, operator, &["x"], vec![], vec![]);
        (shape, network)
    });
}

#[test]
fn relu() {
    compare_function("Relu");
}

/// The library's own function is an approximation, whose error is larger than that of a float.
#[test]
fn sigmoid_and_tanh() {
    let numbers: Vec<f64> = (-4000..=4000).map(|i| f64::from(i) / 100.0).collect();
    for (operator, function) in [
        (
            "Sigmoid",
            (|x| 1.0 / (1.0 + f64::exp(-x))) as fn(f64) -> f64,
        ),
        ("Tanh", f64::tanh),
    ] {
        let shape = [1, numbers.len()];
        let network = single(&shape, operator, &["x"], vec![], vec![]);
        let own = Interpreter::compile(&network, &shape).unwrap();
        let library = Library::compile(&network, &shape).unwrap();
        let found = own.run(&numbers).unwrap().numbers;
        let near = library.run(&numbers).unwrap().1;
        assert_eq!(found.len(), numbers.len());
        for ((found, near), number) in found.into_iter().zip(near).zip(&numbers) {
            let number = f64::from(*number as f32);
            assert_eq!(found, f64::from(function(number) as f32), "{number}");
            assert!((found - near).abs() < 2e-6, "{number}: {found} {near}");
        }
    }
}

#[test]
fn identity() {
    compare(|random| {
        let shape = random.sides(1..=4);
        let nodes = vec![
            node("Identity", &["x"], "same", vec![]),
            node("Add", &["same", "x"], "y", vec![]),
        ];
        let network = network(&shape, nodes, vec![]);
        (shape, network)
    });
}

#[test]
fn clip() {
    compare(|random| {
        let shape = random.sides(1..=3);
        let (low, high) = (-1.0 + random.numbers(1)[0] / 4.0, 0.5);
        let (has_low, has_high) = (random.flips(), random.flips());
        let network = if random.flips() {
            let mut attributes = Vec::new();
            attributes.extend(has_low.then(|| float("min", low)));
            attributes.extend(has_high.then(|| float("max", high)));
            let mut network = single(&shape, "Clip", &["x"], attributes, vec![]);
            network.opset_import[0].version = 10;
            network
        } else {
            let inputs = [
                "x",
                if has_low { "low" } else { "" },
                if has_high { "high" } else { "" },
            ];
            let limits = vec![floats("low", &[], &[low]), floats("high", &[], &[high])];
            single(&shape, "Clip", &inputs, vec![], limits)
        };
        (shape, network)
    });
}

fn compare_join(operator: &str) {
    compare(|random| {
        let shape = random.sides(1..=4);
        // Sides of another tensor: fewer or more in front, some 1.
        let mut other: Vec<usize> = shape.clone();
        other.drain(..random.upto(shape.len()));
        if other.len() == shape.len() && random.flips() {
            other.insert(0, random.side());
        }
        for side in &mut other {
            if random.upto(2) == 0 {
                *side = 1;
            }
        }
        let (mut nodes, mut constant) = random.maybe_computed("w", &other);
        for number in &mut constant.float_data {
            *number += 0.25_f32.copysign(*number);
        }
        let inputs = match random.flips() && operator != "Div" {
            true => ["w", "x"],
            false => ["x", "w"],
        };
        nodes.push(node(operator, &inputs, "y", vec![]));
        let network = network(&shape, nodes, vec![constant]);
        (shape, network)
    });
}

#[test]
fn add() {
    compare_join("Add");
}

#[test]
fn sub() {
    compare_join("Sub");
}

#[test]
fn mul() {
    compare_join("Mul");
}

#[test]
fn div() {
    compare_join("Div");
}

/// Sides of 1 that are stretched in both tensors, both of which are computed.
#[test]
fn values_of_different_sides() {
    compare(|random| {
        let (rows, columns) = (random.side(), random.side());
        let shape = vec![rows * columns];
        let weights = vec![
            whole("across", &[rows as i64, columns as i64, 1]),
            whole("down", &[rows as i64, 1, columns as i64]),
        ];
        let nodes = vec![
            node("Reshape", &["x", "across"], "a", vec![]),
            node("Reshape", &["x", "down"], "d", vec![]),
            node("Mul", &["a", "d"], "y", vec![]),
        ];
        let network = network(&shape, nodes, weights);
        (shape, network)
    });
}

#[test]
fn flatten() {
    compare(|random| {
        let shape = random.sides(1..=4);
        let mut attributes = Vec::new();
        let axis = random.upto(2 * shape.len()) as i64 - shape.len() as i64;
        maybe(random, &mut attributes, integer("axis", axis));
        let network = single(&shape, "Flatten", &["x"], attributes, vec![]);
        (shape, network)
    });
}

#[test]
fn reshape() {
    compare(|random| {
        let shape = random.sides(1..=4);
        let mut asked: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
        // Two neighbours made one, a side kept, one left open.
        if asked.len() > 1 && random.flips() {
            let side = asked.remove(1);
            asked[0] *= side;
        } else if random.flips() {
            asked[0] = 0;
        }
        if random.flips() {
            *asked.last_mut().unwrap() = -1;
        } else {
            asked.push(1);
        }
        let weights = vec![whole("shape", &asked)];
        let network = single(&shape, "Reshape", &["x", "shape"], vec![], weights);
        (shape, network)
    });
}

#[test]
fn matmul() {
    compare(|random| {
        let [rows, inner, columns] = [0; 3].map(|_| 1 + random.upto(18));
        let (mut nodes, constant) = random.maybe_computed("w", &[inner, columns]);
        nodes.push(node("MatMul", &["x", "w"], "y", vec![]));
        let network = network(&[rows, inner], nodes, vec![constant]);
        (vec![rows, inner], network)
    });
}

#[test]
fn gemm() {
    compare(|random| {
        let [rows, inner, columns] = [0; 3].map(|_| 1 + random.upto(18));
        let is_transposed = random.flips();
        let mut attributes = vec![integer("transB", is_transposed.into())];
        maybe(random, &mut attributes, float("alpha", 0.5));
        maybe(random, &mut attributes, float("beta", -1.5));
        maybe(random, &mut attributes, integer("transA", 0));
        let sides = match is_transposed {
            true => [columns, inner],
            false => [inner, columns],
        };
        let (mut nodes, constant) = random.maybe_computed("w", &sides);
        let mut weights = vec![constant];
        let mut inputs = vec!["x", "w"];
        if random.upto(3) > 0 {
            let kinds = [
                vec![columns],
                vec![rows, 1],
                vec![1, columns],
                vec![rows, columns],
            ];
            let kind = random.upto(3);
            weights.push(random.constant("c", &kinds[kind]));
            inputs.push("c");
        }
        nodes.push(node("Gemm", &inputs, "y", attributes));
        let network = network(&[rows, inner], nodes, weights);
        (vec![rows, inner], network)
    });
}

/// Images, a window that goes into them, and how it moves.
fn window(
    random: &mut Random,
    kernel: [usize; 2],
    spreads: usize,
) -> ([usize; 2], Vec<AttributeProto>) {
    let spread = [0; 2].map(|_| 1 + random.upto(spreads - 1));
    // Padding is smaller than a window.
    let pads: [usize; 4] = std::array::from_fn(|i| random.upto(kernel[i % 2] - 1));
    let sides = [0, 1].map(|axis| {
        let reach = spread[axis] * (kernel[axis] - 1) + 1;
        let least = reach.saturating_sub(pads[axis] + pads[axis + 2]);
        // No window sees nothing but padding, of which the library makes what it likes.
        least.max(spread[axis]) + random.upto(9)
    });
    let steps = [0; 2].map(|_| 1 + random.upto(2));
    let list = |list: &[usize]| list.iter().map(|&n| n as i64).collect::<Vec<i64>>();
    let mut attributes = vec![integers("pads", &list(&pads))];
    if spread != [1, 1] {
        attributes.push(integers("dilations", &list(&spread)));
    }
    if steps != [1, 1] || random.flips() {
        attributes.push(integers("strides", &list(&steps)));
    }
    maybe(random, &mut attributes, text("auto_pad", "NOTSET"));
    (sides, attributes)
}

#[test]
fn conv() {
    compare(|random| {
        let kernel = [0; 2].map(|_| 1 + random.upto(3));
        let ([height, width], mut attributes) = window(random, kernel, 3);
        let [groups, depth, outputs] = [0; 3].map(|_| 1 + random.upto(2));
        let (records, outputs) = (1 + random.upto(1), groups * (outputs + random.upto(4)));
        if groups > 1 {
            attributes.push(integer("group", groups as i64));
        }
        let window = integers("kernel_shape", &kernel.map(|side| side as i64));
        maybe(random, &mut attributes, window);
        let sides = [outputs, depth, kernel[0], kernel[1]];
        let (mut nodes, constant) = random.maybe_computed("w", &sides);
        let mut weights = vec![constant];
        let mut inputs = vec!["x", "w"];
        if random.flips() {
            weights.push(random.constant("b", &[outputs]));
            inputs.push("b");
        }
        nodes.push(node("Conv", &inputs, "y", attributes));
        let shape = vec![records, groups * depth, height, width];
        let network = network(&shape, nodes, weights);
        (shape, network)
    });
}

fn compare_pool(operator: &str, spreads: usize) {
    compare(|random| {
        let kernel = [0; 2].map(|_| 1 + random.upto(3));
        let ([height, width], mut attributes) = window(random, kernel, spreads);
        attributes.push(integers("kernel_shape", &kernel.map(|side| side as i64)));
        maybe(random, &mut attributes, integer("ceil_mode", 0));
        match operator {
            "MaxPool" => maybe(random, &mut attributes, integer("storage_order", 0)),
            _ => maybe(random, &mut attributes, integer("count_include_pad", 1)),
        }
        let shape = vec![1 + random.upto(1), random.side(), height, width];
        let network = single(&shape, operator, &["x"], attributes, vec![]);
        (shape, network)
    });
}

#[test]
fn maxpool() {
    compare_pool("MaxPool", 2);
}

#[test]
fn averagepool() {
    compare_pool("AveragePool", 2);
}
