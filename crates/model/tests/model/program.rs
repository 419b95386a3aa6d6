//! Programs compute exactly the sums of their map, in few steps.

use proptest::prelude::*;
use veilcast_model::program::{Output, Program, ProgramError};
use veilcast_model::{IntegerMap, Model};

/// Runs steps on numbers.
fn run(steps: &[[u32; 2]], outputs: &[Output], inputs: &[i64]) -> Vec<i64> {
    let mut registers = inputs.to_vec();
    for &[a, b] in steps {
        registers.push(registers[a as usize] + registers[b as usize]);
    }
    let value = |register: Option<u32>| register.map_or(0, |r| registers[r as usize]);
    outputs
        .iter()
        .map(|o| value(o.plus) - value(o.minus))
        .collect()
}

fn weight() -> impl Strategy<Value = i32> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(-1),
        -7..8i32,
        -127..128i32,
        Just(i32::from(i16::MAX)),
        Just(i32::from(i16::MIN)),
        (0..15u32).prop_map(|bit| 1 << bit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn programs_compute_their_map(
        (outputs, rows, x) in (1usize..16, 1usize..12).prop_flat_map(|(outputs, inputs)| (
            Just(outputs),
            prop::collection::vec(weight(), outputs * inputs),
            prop::collection::vec(-1000..1000i64, inputs),
        ))
    ) {
        let map = IntegerMap::new(x.len(), outputs, rows.clone(), vec![0; outputs]).unwrap();
        let program = Program::compile(&map);
        let expected: Vec<i64> =
            rows.chunks(x.len()).map(|row| row.iter().zip(&x).map(|(&w, x)| i64::from(w) * x).sum()).collect();
        prop_assert_eq!(run(program.steps(), program.outputs(), &x), expected);

        // What was compiled passes the checks of what is read from a file …
        let again = Program::new(&map, program.steps().to_vec(), program.outputs().to_vec());
        prop_assert_eq!(again.as_ref(), Ok(&program));
        // … and what computes something else does not.
        if let Some(last) = program.steps().len().checked_sub(1) {
            let mut steps = program.steps().to_vec();
            steps[last][0] = (steps[last][0] + 1) % (x.len() + last) as u32;
            let unit = |i| (0..x.len()).map(|j| i64::from(i == j)).collect::<Vec<_>>();
            let is_same = (0..x.len()).all(|i| {
                run(&steps, program.outputs(), &unit(i)) == run(program.steps(), program.outputs(), &unit(i))
            });
            let changed = Program::new(&map, steps, program.outputs().to_vec());
            prop_assert_eq!(changed.is_ok(), is_same);
        }
    }
}

#[test]
fn programs_that_can_not_run_are_refused() {
    let map = IntegerMap::new(2, 1, vec![2, 1], vec![0]).unwrap();
    let output = |plus| {
        vec![Output {
            plus: Some(plus),
            minus: None,
        }]
    };
    Program::new(&map, vec![[0, 0], [2, 1]], output(3)).unwrap();
    let refused = |steps, outputs| Program::new(&map, steps, outputs).unwrap_err();
    assert_eq!(
        refused(vec![[0, 2]], output(2)),
        ProgramError::Register {
            step: 0,
            register: 2
        }
    );
    assert_eq!(
        refused(vec![[0, 0]], output(3)),
        ProgramError::Register {
            step: 1,
            register: 3
        }
    );
    assert_eq!(
        refused(vec![], vec![]),
        ProgramError::Outputs {
            found: 0,
            expected: 1
        }
    );
    assert_eq!(
        refused(vec![[0, 1]], output(2)),
        ProgramError::Output { output: 0 }
    );
    // Coefficients that pass 2³² don't come round to the right ones.
    let mut doublings: Vec<[u32; 2]> = vec![[0, 0]];
    doublings.extend((2..70).map(|r| [r, r]));
    assert_eq!(
        refused(doublings, output(70)),
        ProgramError::Output { output: 0 }
    );
}

#[test]
fn the_digit_models_take_few_products() {
    // Fewer than weights, where 784 columns have much in common; 64 columns have less.
    for (name, products_a_weight) in [("digits", 1.0), ("digits-hybrid", 1.5)] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/");
        let model = Model::load(format!("{folder}{name}").as_ref()).unwrap();
        let map = model.affine().unwrap().integer_map();
        let program = Program::compile(map);
        assert_eq!(
            &program,
            model.affine().unwrap().program(),
            "the same map always gives the same program"
        );
        let nonzero = map.weights().iter().filter(|&&weight| weight != 0).count();
        let naive: u32 = map
            .weights()
            .iter()
            .map(|w| 2 * w.unsigned_abs().max(1).ilog2() + 1)
            .sum();
        let mut programs = vec![(1, program)];
        for &k in model.card().layouts().grouped() {
            programs.push((
                k,
                model.affine().unwrap().grouped_program(k).unwrap().clone(),
            ));
        }
        for (k, program) in programs {
            let steps = program.steps().len();
            println!(
                "{name}, k = {k}: {steps} steps; {nonzero} weights; {naive} products one by one"
            );
            assert!(
                (steps as f64) < products_a_weight * nonzero as f64,
                "{k}: {steps}"
            );
        }
    }
}
