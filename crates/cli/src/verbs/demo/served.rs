//! What the demo serves: the built-in models, offered in every way that each can be.

use anyhow::Context as _;
use clap::ValueEnum as _;
use veilcast_card::Way;
use veilcast_engine::{Evaluator, KeyPolicy, SealingKey, seal};
use veilcast_model::Model;

use crate::builtin::{self, Builtin};
use crate::keys;
use crate::output::Output;

/// The built-in models, with the keys that those are sealed under that can be.
pub(super) struct Served(Vec<(Model, Option<SealingKey>)>);

impl Served {
    /// Loads the models, and seals each under a fresh key of its own.
    pub(super) fn all(key_bits: u32, output: Output) -> anyhow::Result<Self> {
        let digits = Builtin::value_variants().iter().map(|model| model.load());
        let models = digits.chain([builtin::hospital()]);
        models
            .map(|model| offered(model?, key_bits, output))
            .collect::<anyhow::Result<_>>()
            .map(Self)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0
            .iter()
            .map(|(model, _)| model.card().name())
            .collect()
    }

    /// A model as it is served: sealed, it has another card.
    pub(super) fn model(&self, builtin: Builtin) -> Model {
        let place = Builtin::value_variants().iter().position(|b| *b == builtin);
        self.0[place.expect("every built-in model is served")]
            .0
            .clone()
    }

    pub(super) fn evaluators(&self) -> anyhow::Result<Vec<Evaluator>> {
        let evaluators = self.0.iter().cloned().map(|(model, key)| {
            let evaluator = Evaluator::new(model, KeyPolicy::default());
            match key {
                Some(key) => evaluator.with_sealing_key(key),
                None => Ok(evaluator),
            }
        });
        evaluators
            .collect::<Result<_, _>>()
            .context("a sealed model can't be opened")
    }
}

/// A model that is also offered sealed, if it has no hidden layers.
fn offered(
    model: Model,
    key_bits: u32,
    output: Output,
) -> anyhow::Result<(Model, Option<SealingKey>)> {
    if model.card().hidden().is_some() {
        return Ok((model, None));
    }
    let key = keys::generate(key_bits, output)?;
    let mut ways = model.card().ways().to_vec();
    ways.push(Way::Sealed);
    let sealed = seal(model, &key, ways).context("can't seal a built-in model")?;
    Ok((sealed, Some(key.into())))
}
