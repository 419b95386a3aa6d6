//! What to do about a file that can't be imported, in the words of the tool that wrote it.

use veilcast_import::ImportError;
use veilcast_onnx::OnnxError;

use crate::failure::Hint as _;

/// The error with what helps.
pub(super) fn with_hint(error: ImportError) -> anyhow::Error {
    let hint = match &error {
        ImportError::Onnx(OnnxError::NotAffine { operator, .. }) => not_affine(operator),
        ImportError::Onnx(OnnxError::Subgraph { operator, .. }) if operator == "Scan" => {
            "scikit-learn's neighbours, kernels and Gaussian processes compare each record with those \
             that they were trained on: train a linear model, or trees"
        }
        ImportError::Onnx(OnnxError::Inputs { .. }) => {
            "export the network with one input; a scikit-learn pipeline may have one for each column"
        }
        ImportError::Onnx(OnnxError::Outputs { .. }) => {
            "name the output that holds the scores with --output; of several classifiers in one file, \
             such as MultiOutputClassifier's, export each by itself"
        }
        ImportError::NoCalibration { .. } | ImportError::NoCalibrationOfFeatures => {
            "give records such as the model will be given, with --calibration"
        }
        ImportError::Columns { .. } => {
            "name them in the network's order with --columns, or leave others of the calibration file \
             out with --ignore-columns"
        }
        ImportError::Labels { .. } => {
            "give as many with --labels, of two classes the positive one last"
        }
        ImportError::Activation { .. } => "name the final function with --activation",
        ImportError::NoPicture { .. } => "with --input table, its numbers are columns of a table",
        _ => return error.into(),
    };
    Err::<(), _>(error).hint(hint).expect_err("it is an error")
}

/// What to do about a node that isn't affine. Where it is usually a step of scikit-learn's, that is
/// what it advises; none of those could be made public by splitting.
fn not_affine(operator: &str) -> &'static str {
    match operator {
        "ArgMax" | "ArgMin" | "TopK" => {
            "votes between classes aren't affine: train with OneVsRestClassifier instead of \
             OneVsOneClassifier"
        }
        "Sigmoid" | "Softmax" | "Exp" => {
            "something follows that final function. The mean of several classifiers' probabilities \
             isn't affine: of scikit-learn use one classifier instead of BaggingClassifier, \
             StackingClassifier or VotingClassifier, and CalibratedClassifierCV with ensemble=False; \
             elsewhere import the scores before it"
        }
        "Div" => {
            "scores divided by their sum are no probabilities: import the labels, which come with the \
             scores, by naming their output with --output"
        }
        "Pow" => {
            "powers aren't affine: of scikit-learn's classifiers LinearDiscriminantAnalysis, \
             MultinomialNB and LogisticRegression are, GaussianNB and QuadraticDiscriminantAnalysis \
             aren't"
        }
        "ReduceProd" => {
            "products of columns aren't affine: instead of PolynomialFeatures add the products that \
             matter to the table, as columns of their own"
        }
        "Clip" => {
            "limits aren't affine: of scikit-learn train MinMaxScaler with clip=False, and \
             SGDClassifier with loss=\"log_loss\""
        }
        "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" | "Equal" | "Where" | "Sign"
        | "Cast" | "Floor" | "Ceil" | "Round" => {
            "comparisons and rounding aren't affine: of scikit-learn replace PowerTransformer, \
             QuantileTransformer and KBinsDiscretizer by StandardScaler, and BernoulliNB's binarize by \
             None; or carry out that step on the table, and train on what it gives"
        }
        _ => {
            "train the network with the identity in that place, or make the part up to its last node \
             that isn't affine public with --split auto (or --split-at NODE)"
        }
    }
}
