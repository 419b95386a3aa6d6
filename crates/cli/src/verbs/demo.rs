//! `veilcast demo`: the whole process, from a handwritten digit to its encrypted prediction.

mod report;
mod served;

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::runtime::Runtime;
use veilcast_card::{Encoder, Prediction, QuantizedRecord, chain};
use veilcast_client::Client;
use veilcast_engine::{Session, SessionError, Vouchers};
use veilcast_files::idx::LabelledImages;
use veilcast_model::Model;
use veilcast_paillier::SecretKey;
use veilcast_report::described;
use veilcast_server::{App, Config, ListenAddress, ListenError, Listeners};

use self::report::{Figures, Image, Summary};
use self::served::Served;
use crate::args::KeyBits;
use crate::builtin::{self, Builtin};
use crate::failure::Hint as _;
use crate::output::Output;
use crate::serving::Service;
use crate::signals::Interruptions;
use crate::{keys, logging, models, runtime};

/// The port that is tried first.
const PORT: u16 = 8080;
/// Images that are also predicted from all pixels, to compare a hybrid model with.
const COMPARED: usize = 3;

/// Serve the built-in models on this machine, and predict encrypted MNIST test images with one of
/// them.
///
/// Each image is encrypted under a fresh key, sent over HTTP, predicted on ciphertexts and
/// decrypted; its scores must equal those computed in the clear, or else the exit status is 1.
/// Afterwards the service stays up until Ctrl-C, with a web page to fill in a patient's record, and to
/// draw digits. With --json, one line per image is printed, then one with the summary.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::DEMO)]
pub(crate) struct Args {
    /// Which model to predict with: one affine map of all pixels; a hybrid, whose public part
    /// turns an image into a few numbers before it is encrypted; or a network with a hidden layer, by
    /// vouchers, which are made first. All are served, and with them a model of patients' risk.
    #[arg(long, value_enum, default_value_t = Builtin::Digits)]
    model: Builtin,
    /// How many of the 10,000 test images to predict.
    #[arg(long, value_name = "N", default_value = "10")]
    count: NonZeroUsize,
    #[command(flatten)]
    key_bits: KeyBits,
    /// Port to serve on [default: 8080, or a free one if that is taken].
    #[arg(long)]
    port: Option<u16>,
    /// Exit after the summary.
    #[arg(long)]
    exit: bool,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    logging::start(logging::Format::of(output), "warn");
    let mut images = builtin::test_images()?;
    if args.count.get() > images.len() {
        bail!(
            "there are {} test images; --count asks for {}",
            images.len(),
            args.count
        );
    }
    images.truncate(args.count.get());

    let runtime = runtime::start()?;
    let listeners = runtime.block_on(listen(args.port, output))?;
    let served = Served::all(args.key_bits.bits, output)?;
    let app = App::new(served.evaluators()?, Config::default());
    let app = app.context("the service can't start")?;
    let service = Service::start(&runtime, listeners, app)?;
    let url = service.url();
    output.text(format!(
        "Serving the models {} at {url}",
        served.names().join(", ")
    ))?;

    let start = Instant::now();
    let key = Arc::new(keys::generate(args.key_bits.bits, output)?);
    let key_seconds = start.elapsed().as_secs_f64();
    output.text(format!(
        "Made a key of {} bits in {key_seconds:.1} s",
        args.key_bits.bits
    ))?;

    let model = served.model(args.model);
    let predict = Predict::new(&runtime, &url, model, Arc::clone(&key))?;
    if let Some(ahead) = predict.fill(args.count)? {
        output.text(ahead)?;
    }
    output.text(format!(
        "By the model {}; {}\n\n{}",
        predict.model.card().name(),
        predict.how(),
        Image::HEADER
    ))?;
    let done = predict.all(&images, |image| output.result(image))?;
    let figures = Figures::of(&done, predict.session.layout());
    let pixels = match args.model {
        Builtin::Digits | Builtin::DigitsSquare => None,
        Builtin::DigitsHybrid => {
            images.truncate(args.count.get().min(COMPARED));
            let predict = Predict::new(&runtime, &url, served.model(Builtin::Digits), key)?;
            let done = predict.all(&images, |_| Ok(()))?;
            Some(Figures::of(&done, predict.session.layout()))
        }
    };
    let summary = Summary {
        model: predict.model.card().name().to_owned(),
        figures,
        pixels,
        key_bits: args.key_bits.bits,
        url,
    };
    // Before the summary is printed: its reader may end the service at once.
    let stays_up = !args.exit;
    let interruptions = stays_up
        .then(|| Interruptions::listen(&runtime))
        .transpose()?;
    output.result(&summary)?;
    summary.check()?;
    match interruptions {
        None => runtime.block_on(service.stop())?,
        Some(interruptions) => {
            let page = service.page_url().unwrap_or_default();
            output.note(format!(
                "\nOpen {page} in a browser; press Ctrl-C to stop serving."
            ));
            runtime.block_on(service.stop_after(interruptions))?;
        }
    }
    runtime.shutdown_background();
    Ok(())
}

/// The port asked for; without one the usual, or a free one if that is taken.
async fn listen(port: Option<u16>, output: Output) -> anyhow::Result<Listeners> {
    match (port, bind(port.unwrap_or(PORT)).await) {
        (_, Ok(listener)) => Ok(listener),
        (None, Err(_)) => {
            output.note(format!(
                "note: port {PORT} is taken by another program, so a free one is used"
            ));
            bind(0).await.context("no port is free")
        }
        (Some(port), Err(error)) => Err(error)
            .with_context(|| format!("can't serve on port {port}"))
            .hint("choose another --port, or leave it out"),
    }
}

async fn bind(port: u16) -> Result<Listeners, ListenError> {
    let config = Config {
        listen: vec![ListenAddress::Ip((Ipv4Addr::LOCALHOST, port).into())],
        ..Config::default()
    };
    Listeners::bind(&config).await
}

/// What is needed to predict images over HTTP.
struct Predict<'a> {
    runtime: &'a Runtime,
    client: Client,
    session: Arc<Session>,
    encoder: Encoder,
    model: Model,
    /// Those that were made, for a network with hidden layers.
    vouchers: RefCell<Option<Vouchers>>,
}

impl<'a> Predict<'a> {
    fn new(
        runtime: &'a Runtime,
        url: &str,
        model: Model,
        key: Arc<SecretKey>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            runtime,
            client: Client::new(url)?,
            session: Arc::new(Session::new(model.card().clone(), key)?),
            encoder: models::encoder_of(&model)?,
            model,
            vouchers: RefCell::default(),
        })
    }

    /// In words, how images are predicted.
    fn how(&self) -> String {
        match self.model.card().hidden() {
            None => format!(
                "the planner chose the layout {}",
                described(self.session.layout())
            ),
            Some(hidden) => format!(
                "by vouchers, in {} rounds of arithmetic modulo 2^{}",
                hidden.sizes.len() + 1,
                hidden.ring_bits
            ),
        }
    }

    /// Makes a voucher for each image, if the model takes them; returns what that took.
    fn fill(&self, count: NonZeroUsize) -> anyhow::Result<Option<String>> {
        if self.model.card().hidden().is_none() {
            return Ok(None);
        }
        let (name, start) = (self.model.card().name(), Instant::now());
        let most = self.session.max_vouchers()?;
        let mut all: Option<Vouchers> = None;
        let (mut up, mut down, mut missing) = (0, 0, count.get());
        while let Some(some) = NonZeroUsize::new(missing.min(most)) {
            let made = self.client.make_vouchers(name, &self.session, some);
            let made = self.runtime.block_on(made)?;
            (up, down) = (up + made.bytes_up, down + made.bytes_down);
            match &mut all {
                Some(all) => all.append(made.answer),
                None => all = Some(made.answer),
            }
            missing -= some.get();
        }
        self.vouchers.replace(all);
        Ok(Some(format!(
            "Made {count} vouchers in {:.1} s, with {up} bytes up and {down} bytes down",
            start.elapsed().as_secs_f64()
        )))
    }

    fn all(
        &self,
        images: &LabelledImages,
        mut tell: impl FnMut(&Image) -> anyhow::Result<()>,
    ) -> anyhow::Result<Vec<Image>> {
        let mut done = Vec::with_capacity(images.len());
        for (index, (record, &label)) in images.images().records().zip(images.labels()).enumerate()
        {
            let image = self.one(index, &record, usize::from(label))?;
            tell(&image)?;
            done.push(image);
        }
        Ok(done)
    }

    fn one(&self, index: usize, record: &[f64], label: usize) -> anyhow::Result<Image> {
        let card = self.model.card();
        let (quantized, encode) = timed(|| self.encoder.quantize(record));
        let quantized = quantized?;
        let reference = self.model.evaluate(&quantized)?;
        let Scored {
            scores,
            encrypt,
            server,
            decrypt,
            bytes_up,
            bytes_down,
        } = match self.voucher() {
            None => self.encrypted(quantized)?,
            Some(voucher) => self.masked(quantized, voucher)?,
        };
        let scores = scores.map(|scores| scores.concat());
        let agrees = scores.as_ref().is_ok_and(|scores| *scores == reference);
        let prediction = match scores {
            Ok(scores) => card.predict(&scores).map_err(|error| chain(&error)),
            Err(error) => Err(chain(&error)),
        };
        let (predicted, error) = match prediction {
            Ok(Prediction::Class(class)) => (Some(class.label), None),
            Ok(Prediction::Quantities(_)) => (
                None,
                Some("the model predicts quantities, not digits".to_owned()),
            ),
            Err(error) => (None, Some(error)),
        };
        Ok(Image {
            image: index,
            digit: card.output().labels.get(label).cloned().unwrap_or_default(),
            predicted,
            error,
            agrees,
            encode_ms: milliseconds(encode),
            encrypt_ms: milliseconds(encrypt),
            server_ms: milliseconds(server),
            decrypt_ms: milliseconds(decrypt),
            bytes_up,
            bytes_down,
        })
    }

    /// One of the vouchers that were made, if they were.
    fn voucher(&self) -> Option<Vouchers> {
        self.vouchers.borrow_mut().as_mut()?.split_off(1)
    }

    fn encrypted(&self, record: QuantizedRecord) -> anyhow::Result<Scored> {
        let (request, encrypt) = timed(|| self.session.encrypt(&[record]));
        let request = request?;
        let call = self.client.infer(self.model.card().name(), &request);
        let (exchange, server) = timed(|| self.runtime.block_on(call));
        let exchange = exchange?;
        let answer = &exchange.answer;
        let (scores, decrypt) = timed(|| self.session.decrypt_answer_to(&request, answer));
        Ok(Scored {
            scores,
            encrypt,
            server,
            decrypt,
            bytes_up: exchange.bytes_up,
            bytes_down: exchange.bytes_down,
        })
    }

    /// By a voucher, in as many rounds as it takes: these count as the service's time.
    fn masked(&self, record: QuantizedRecord, voucher: Vouchers) -> anyhow::Result<Scored> {
        let card = self.model.card();
        let (begun, encrypt) = timed(|| voucher.begin(card, &[record]));
        let (request, rounds) = begun?;
        let call = self.client.infer_rounds(card.name(), request, rounds);
        let (exchange, server) = timed(|| self.runtime.block_on(call));
        let exchange = exchange?;
        Ok(Scored {
            scores: Ok(exchange.answer),
            encrypt,
            server,
            decrypt: Duration::ZERO,
            bytes_up: exchange.bytes_up,
            bytes_down: exchange.bytes_down,
        })
    }
}

/// One image's scores, and what they took.
struct Scored {
    scores: Result<Vec<Vec<i64>>, SessionError>,
    encrypt: Duration,
    server: Duration,
    decrypt: Duration,
    bytes_up: u64,
    bytes_down: u64,
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
