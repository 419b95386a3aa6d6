//! The one way from a map in floats to a finished model, for both trained and imported networks.

use std::ops::RangeInclusive;

use veilcast_card::{InputBits, Quantization, SlotBits};

use super::{Blueprint, BuildError, Model};
use crate::hidden::narrowest;
use crate::scheme::Scheme;
use crate::search::{Goal, HeldOut, SearchReport, search};
use crate::{FloatMap, FloatNetwork};

/// How the numbers of a quantisation are searched for.
#[derive(Clone, Debug)]
pub struct QuantizationSearch<'a, M = FloatMap> {
    /// The map or network to search with: the model's, or one with the same scores on another scale.
    pub map: &'a M,
    /// The numbers of bits of an input to choose from.
    pub input_bits: RangeInclusive<InputBits>,
    /// Largest magnitude of an integer weight; searched for, if not given.
    pub max_weight: Option<u32>,
    /// The records to measure with.
    pub held_out: HeldOut<'a>,
    /// How much of the map's results must be kept.
    pub goal: Goal,
}

impl Blueprint {
    /// Finds the cheapest quantisation, unless that of the blueprint is to be used as it is;
    /// offers the layouts that suit the scheme; and builds the model.
    ///
    /// `quantization` says how features become integers of a number of bits. The report of the model
    /// includes that of the search.
    ///
    /// # Errors
    /// [`BuildError`] if no quantisation is found, or the model can't be built.
    pub fn finish(
        mut self,
        map: FloatMap,
        quantization: &dyn Fn(InputBits) -> Quantization,
        search: Option<&QuantizationSearch<'_>>,
        scheme: &dyn Scheme,
    ) -> Result<Model, BuildError> {
        let report = match search {
            None => None,
            Some(search) => {
                let report = search.run(quantization, scheme)?;
                if let Some(chosen) = report.chosen() {
                    self.quantization = quantization(chosen.input_bits);
                    self.max_weight = chosen.max_weight;
                }
                Some(report)
            }
        };
        let (integers, _) = map.quantize(&self.quantization, self.max_weight)?;
        let certificate = integers.certify(self.quantization.max(), SlotBits::MAX)?;
        self.layouts = scheme.layouts(map.inputs(), map.outputs(), certificate.slot_bits);
        let model = self.build(map)?;
        Ok(model.reporting(|about| about.search = report))
    }

    /// Finds the rounding of a network with hidden layers that takes the narrowest ring, unless that of the blueprint is to be used as
    /// it is; and builds the model. The rest is as in [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`BuildError`] if no rounding is found, or the model can't be built.
    pub fn finish_network(
        mut self,
        network: FloatNetwork,
        quantization: &dyn Fn(InputBits) -> Quantization,
        search: Option<&QuantizationSearch<'_, FloatNetwork>>,
    ) -> Result<Model, BuildError> {
        let report = match search {
            None => None,
            Some(search) => {
                let inputs = search.inputs(quantization);
                let (max_weight, held_out) = (search.max_weight, search.held_out);
                let report = narrowest(search.map, &inputs, max_weight, held_out, search.goal)?;
                if let Some(chosen) = report.chosen() {
                    self.quantization = quantization(chosen.input_bits);
                    self.max_weight = chosen.max_weight;
                }
                Some(report)
            }
        };
        let network = network.balanced(&self.quantization);
        let model = self.build_network(network)?;
        Ok(model.reporting(|about| about.search = report))
    }
}

impl<M> QuantizationSearch<'_, M> {
    /// The quantisations of the features to choose from.
    fn inputs(&self, quantization: &dyn Fn(InputBits) -> Quantization) -> Vec<Quantization> {
        let bits = InputBits::all().filter(|bits| self.input_bits.contains(bits));
        bits.map(quantization).collect()
    }
}

impl QuantizationSearch<'_> {
    fn run(
        &self,
        quantization: &dyn Fn(InputBits) -> Quantization,
        scheme: &dyn Scheme,
    ) -> Result<SearchReport, BuildError> {
        let inputs = self.inputs(quantization);
        let (max_weight, held_out) = (self.max_weight, self.held_out);
        Ok(search(
            self.map, &inputs, max_weight, held_out, self.goal, scheme,
        )?)
    }
}
