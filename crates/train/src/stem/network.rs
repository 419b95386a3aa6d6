//! The stem and its head while they are trained.
//!
//! Tensors of images are [records, places, channels]. A convolution is a product: the pixels that its
//! window sees at each place are gathered into a row.

use candle_core::{Device, Tensor, Var};
use rand::rngs::ChaCha20Rng;

use super::super::dense::{DenseLayers, Linear};
use super::super::optimize::Trainable;
use super::export::{Chain, Numbers, integers};
use super::options::StemOptions;
use crate::error::TrainError;
use crate::trained::Layers;

/// Rows and columns of a convolution's window.
pub(super) const KERNEL: usize = 5;

/// Two convolutions, each with a maximum of 2 × 2 places, a dense layer whose values are clipped to
/// 0 … 1, and the head: dense layers.
pub(super) struct StemNetwork {
    first: Convolution,
    second: Convolution,
    bottleneck: Linear,
    head: DenseLayers,
    features: usize,
}

impl StemNetwork {
    pub(super) fn new(
        (rows, columns): (usize, usize),
        outputs: usize,
        options: &StemOptions,
        rng: &mut ChaCha20Rng,
    ) -> candle_core::Result<Self> {
        let [narrow, wide] = options.channels;
        let first = Convolution::new((rows, columns), 1, narrow, rng)?;
        let second = Convolution::new(first.pooled, narrow, wide, rng)?;
        let places = second.pooled.0 * second.pooled.1;
        // In the middle of the range, since nothing is learnt from values that are clipped.
        let bottleneck = Linear::new(places * wide, options.features, 0.5, rng)?;
        let head = DenseLayers::new(options.features, &options.training, outputs, rng)?;
        Ok(Self {
            first,
            second,
            bottleneck,
            head,
            features: options.features,
        })
    }

    /// Features in 0 … 1 [records, features] of pixels in 0 … 1 [records, places].
    pub(super) fn features(&self, pixels: &Tensor) -> candle_core::Result<Tensor> {
        let places = self
            .second
            .forward(&self.first.forward(&pixels.unsqueeze(2)?)?)?;
        // Channel by channel, as images lie in ONNX.
        let places = places.transpose(1, 2)?.flatten_from(1)?;
        self.bottleneck.forward(&places)?.clamp(0.0, 1.0)
    }

    /// The stem in ONNX: one input `[batch, 1, rows, columns]`, one output `[batch, features]`.
    ///
    /// ReLU comes after the maximum: the numbers are the same, for a quarter of the work.
    pub(super) fn to_onnx(&self, (rows, columns): (usize, usize)) -> candle_core::Result<Vec<u8>> {
        let mut chain = Chain::new("stem", "pixels", &[1, rows, columns]);
        for (number, convolution) in (1..).zip([&self.first, &self.second]) {
            let constants = [
                ("weights", convolution.kernels()?),
                ("biases", numbers(convolution.linear.biases())?),
            ];
            let window = vec![integers("kernel_shape", &[KERNEL, KERNEL])];
            chain.then("Conv", &format!("convolution{number}"), &constants, window);
            let square = ["kernel_shape", "strides"].map(|name| integers(name, &[2, 2]));
            chain.then("MaxPool", &format!("maximum{number}"), &[], square.into());
            chain.then("Relu", &format!("relu{number}"), &[], vec![]);
        }
        chain.then("Flatten", "flat", &[], vec![]);
        let constants = [
            ("weights", numbers(self.bottleneck.weights())?),
            ("biases", numbers(self.bottleneck.biases())?),
        ];
        chain.then("Gemm", "dense", &constants, vec![]);
        let limits = [("low", 0.0), ("high", 1.0)].map(|(name, limit)| {
            let (sides, values) = (vec![], vec![limit]);
            (name, Numbers { sides, values })
        });
        chain.then("Clip", "features", &limits, vec![]);
        Ok(chain.finish(&[self.features]))
    }

    pub(super) fn head(&self) -> Result<Layers, TrainError> {
        self.head.to_layers()
    }
}

impl Trainable for StemNetwork {
    fn parameters(&self) -> Vec<Var> {
        let stem = [&self.first.linear, &self.second.linear, &self.bottleneck];
        let stem = stem.into_iter().flat_map(Linear::parameters);
        stem.chain(self.head.parameters()).collect()
    }

    fn scores(&self, pixels: &Tensor) -> candle_core::Result<Tensor> {
        self.head.scores(&self.features(pixels)?)
    }
}

/// A convolution with a square window and no border, the maximum of each 2 × 2 places, and ReLU.
struct Convolution {
    linear: Linear,
    /// The places that each window sees.
    windows: Tensor,
    /// Rows and columns of its result.
    pooled: (usize, usize),
}

impl Convolution {
    fn new(
        (rows, columns): (usize, usize),
        channels_in: usize,
        channels_out: usize,
        rng: &mut ChaCha20Rng,
    ) -> candle_core::Result<Self> {
        let pool = |side| (side - (KERNEL - 1)) / 2;
        let pooled = (pool(rows), pool(columns));
        let mut windows = Vec::new();
        for (row, column) in grid(2 * pooled.0, 2 * pooled.1) {
            let window = grid(KERNEL, KERNEL);
            windows.extend(window.map(|(y, x)| ((row + y) * columns + column + x) as u32));
        }
        let inputs = KERNEL * KERNEL * channels_in;
        Ok(Self {
            linear: Linear::new(inputs, channels_out, 0.0, rng)?,
            windows: Tensor::new(windows, &Device::Cpu)?,
            pooled,
        })
    }

    /// The weights in ONNX's order: [channels out, channels in, rows, columns].
    fn kernels(&self) -> candle_core::Result<Numbers> {
        let (inputs, outputs) = self.linear.weights().dims2()?;
        let shape = (KERNEL, KERNEL, inputs / (KERNEL * KERNEL), outputs);
        let weights = self.linear.weights().reshape(shape)?;
        numbers(&weights.permute((3, 2, 0, 1))?)
    }

    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let (records, _, channels) = x.dims3()?;
        let (rows, columns) = self.pooled;
        let seen = x.index_select(&self.windows, 1)?;
        let seen = seen.reshape(((), KERNEL * KERNEL * channels))?;
        let y = self.linear.forward(&seen)?;
        let y = y.reshape((records * rows, 2, columns, 2, ()))?;
        y.max(3)?
            .max(1)?
            .reshape((records, rows * columns, ()))?
            .relu()
    }
}

fn numbers(tensor: &Tensor) -> candle_core::Result<Numbers> {
    Ok(Numbers {
        sides: tensor.dims().to_vec(),
        values: tensor.flatten_all()?.to_vec1()?,
    })
}

fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use rand::SeedableRng as _;

    use super::*;
    use veilcast_card::PublicPart;

    #[test]
    fn the_file_computes_what_was_trained() {
        let options = StemOptions {
            channels: [3, 5],
            features: 7,
            ..StemOptions::default()
        };
        for (rows, columns) in [(28, 28), (16, 16), (19, 21)] {
            let mut rng = ChaCha20Rng::seed_from_u64(5);
            let network = StemNetwork::new((rows, columns), 10, &options, &mut rng).unwrap();
            let onnx = network.to_onnx((rows, columns)).unwrap();
            let part = PublicPart::of(&onnx, vec![1, rows, columns], 7, String::new());
            let public = veilcast_onnx::public_network(&onnx, &part).unwrap();
            let mut between = 0;
            for record in 0..4_usize {
                let pixel = |place| ((place * 37 + record * 101) % 256) as f64 / 255.0;
                let pixels: Vec<f64> = (0..rows * columns).map(pixel).collect();
                let tensor = Tensor::from_slice(&pixels, (1, pixels.len()), &Device::Cpu);
                let tensor = tensor.unwrap().to_dtype(DType::F32).unwrap();
                let trained: Vec<f32> = network
                    .features(&tensor)
                    .and_then(|features| features.flatten_all()?.to_vec1())
                    .unwrap();
                let computed = public.run(&pixels).unwrap();
                for (&trained, computed) in trained.iter().zip(&computed) {
                    assert!((f64::from(trained) - computed).abs() < 1e-5);
                    between += usize::from((0.01..0.99).contains(computed));
                }
            }
            assert!(between > 4, "most features say something");
        }
    }
}
