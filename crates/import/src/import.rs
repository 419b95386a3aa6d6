//! From a file to a model, whatever the file holds.

use veilcast_card::{Input, RawRecord};
use veilcast_model::{FloatMap, Model, Scheme};

use crate::forest::Forest;
use crate::graph::Graph;
use crate::network::Network;
use crate::options::ImportOptions;
use crate::{ImportError, Progress, trees};

/// A file that was read: what a record is, and what gives its scores.
#[derive(Clone, Debug)]
pub struct Import(What);

#[derive(Clone, Debug)]
enum What {
    Network(Box<Network>),
    Forest(Box<Forest>),
}

impl Import {
    /// Reads a file from its bytes: checks it, finds out what it takes, and cuts off what
    /// follows its scores.
    ///
    /// # Errors
    /// [`ImportError`] says what in the file or in the options can't be used.
    pub fn open(bytes: &[u8], options: ImportOptions) -> Result<Self, ImportError> {
        options.check()?;
        let forest = |forest| Self(What::Forest(Box::new(forest)));
        if let Some(found) = trees::read(bytes)? {
            return Forest::of_file(bytes, found, options).map(forest);
        }
        let graph = Graph::open(bytes, &options)?;
        if let Some(trees) = trees::onnx::find(&graph.model)? {
            return Forest::of_graph(graph, trees, options).map(forest);
        }
        let network = Network::open(graph, options)?;
        Ok(Self(What::Network(Box::new(network))))
    }

    /// What a record looks like, for reading calibration records.
    pub fn input(&self) -> &Input {
        match &self.0 {
            What::Network(network) => network.input(),
            What::Forest(forest) => forest.input(),
        }
    }

    /// The network as one map from preprocessed records to its scores, exactly as it computes them.
    ///
    /// # Errors
    /// [`ImportError`] if the network isn't affine.
    pub fn collapse(&self) -> Result<FloatMap, ImportError> {
        match &self.0 {
            What::Network(network) => network.collapse(),
            What::Forest(forest) => Ok(forest.map().clone()),
        }
    }

    /// Makes a model: collapses the network, or the part of a hybrid after its public part, and
    /// quantises the map in the way that is cheapest for `scheme` and predicts the records as the
    /// network does. Of trees the structure becomes preprocessing, and the leaves' values the map.
    ///
    /// The records should be like those that the model will be given. Without any, random ones are
    /// drawn, if it is known what values the features have.
    ///
    /// # Errors
    /// [`ImportError`] if what is to be private isn't affine, or the records don't fit or are needed,
    /// or no quantisation can be found.
    pub fn build(
        self,
        calibration: &[RawRecord<'_>],
        scheme: &dyn Scheme,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Model, ImportError> {
        match self.0 {
            What::Network(network) => network.build(calibration, scheme, progress),
            What::Forest(forest) => forest.build(calibration, scheme),
        }
    }
}
