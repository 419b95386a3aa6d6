//! Timing contenders in turn, so that whatever slows the machine slows all of them equally.

use std::time::Duration;

use cpu_time::ThreadTime;

/// A contender runs at least this long in a round, if one call is shorter.
const BATCH: Duration = Duration::from_micros(100);

/// Several ways to do the same thing, the first of which is ours.
pub(crate) struct Race<'a> {
    contenders: Vec<(String, Box<dyn FnMut() + 'a>)>,
}

/// What a race found.
pub(crate) struct Results(Vec<Contender>);

struct Contender {
    name: String,
    /// CPU time of one call, in nanoseconds, per round.
    times: Vec<f64>,
}

impl<'a> Race<'a> {
    pub(crate) fn new(ours: impl FnMut() + 'a) -> Self {
        Self {
            contenders: vec![("ours".into(), Box::new(ours))],
        }
    }

    pub(crate) fn against(mut self, name: &str, contender: impl FnMut() + 'a) -> Self {
        self.contenders.push((name.into(), Box::new(contender)));
        self
    }

    /// Times every contender once per round.
    pub(crate) fn run(mut self, rounds: u32) -> Results {
        let calls: Vec<u32> = self
            .contenders
            .iter_mut()
            .map(|(_, call)| calls_a_batch(call))
            .collect();
        let mut results: Vec<Contender> = (self.contenders.iter())
            .map(|(name, _)| Contender {
                name: name.clone(),
                times: Vec::new(),
            })
            .collect();
        for _ in 0..rounds {
            for (((_, call), &calls), result) in
                self.contenders.iter_mut().zip(&calls).zip(&mut results)
            {
                let start = ThreadTime::now();
                for _ in 0..calls {
                    call();
                }
                let time = start.elapsed().as_nanos() as f64 / f64::from(calls);
                result.times.push(time);
            }
        }
        Results(results)
    }
}

fn calls_a_batch(call: &mut dyn FnMut()) -> u32 {
    let mut calls = 1;
    loop {
        let start = ThreadTime::now();
        for _ in 0..calls {
            call();
        }
        if start.elapsed() >= BATCH {
            return calls;
        }
        calls *= 2;
    }
}

impl Results {
    /// The median CPU time of one call of ours, in nanoseconds.
    pub(crate) fn ours(&self) -> f64 {
        median(self.0[0].times.clone())
    }

    /// The median over the rounds of our time divided by a peer's, if that peer took part.
    pub(crate) fn ratio_to(&self, name: &str) -> Option<f64> {
        let ours = &self.0[0].times;
        let peer = self.0.iter().find(|contender| contender.name == name)?;
        Some(median(
            ours.iter().zip(&peer.times).map(|(a, b)| a / b).collect(),
        ))
    }
}

/// The median of these values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
