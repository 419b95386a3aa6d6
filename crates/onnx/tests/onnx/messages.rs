//! The messages are those that the library reads and writes.

use prost::Message as _;
use tract_onnx::pb as library;
use veilcast_onnx::pb;

use crate::common::{fixtures, onnx_files, repository};

#[test]
fn files_hold_what_the_library_finds_in_them() {
    let mut files = vec![repository("models/digits-hybrid/public.onnx")];
    for folder in ["", "split", "refused"] {
        files.extend(onnx_files(&fixtures().join(folder)));
    }
    let mut decoded = 0;
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        let theirs = library::ModelProto::decode(&*bytes);
        let own = pb::ModelProto::decode(&*bytes);
        match (own, theirs) {
            (Ok(own), Ok(theirs)) => {
                let own = own.encode_to_vec();
                let again = library::ModelProto::decode(&*own).unwrap();
                // By their bytes: what isn't a number isn't equal to itself.
                assert_eq!(again.encode_to_vec(), theirs.encode_to_vec(), "{path:?}");
                assert_eq!(own, theirs.encode_to_vec(), "{path:?}");
                decoded += 1;
            }
            (own, theirs) => assert_eq!(own.err(), theirs.err(), "{path:?}"),
        }
    }
    assert!(decoded > 120, "{decoded} of {}", files.len());
}

/// Every field of the library's messages is one of ours, with the same number and type.
#[test]
fn no_field_is_lost() {
    let (text, texts) = (
        || "text".to_owned(),
        || vec!["one".to_owned(), "two".to_owned()],
    );
    let pairs = || {
        vec![library::StringStringEntryProto {
            key: text(),
            value: text(),
        }]
    };
    let sets = || {
        vec![library::OperatorSetIdProto {
            domain: text(),
            version: 17,
        }]
    };
    let tensor = || library::TensorProto {
        dims: vec![2, -3],
        data_type: 16,
        segment: Some(library::tensor_proto::Segment { begin: 1, end: 2 }),
        float_data: vec![1.5, -2.5],
        int32_data: vec![3, -4],
        string_data: vec![b"five".to_vec(), Vec::new()],
        int64_data: vec![i64::MIN, 6],
        name: text(),
        doc_string: text(),
        raw_data: vec![7, 8],
        double_data: vec![9.5, -1e300],
        uint64_data: vec![u64::MAX, 10],
        data_location: Some(1),
        external_data: pairs(),
    };
    let sparse = || library::SparseTensorProto {
        values: Some(tensor()),
        indices: Some(tensor()),
        dims: vec![11, 12],
    };
    use library::tensor_shape_proto::{Dimension, dimension};
    let dimension = |value| Dimension {
        denotation: text(),
        value: Some(value),
    };
    let kind = || library::TypeProto {
        denotation: text(),
        value: Some(library::type_proto::Value::TensorType(
            library::type_proto::Tensor {
                elem_type: 11,
                shape: Some(library::TensorShapeProto {
                    dim: vec![
                        dimension(dimension::Value::DimParam(text())),
                        dimension(dimension::Value::DimValue(-13)),
                    ],
                }),
            },
        )),
    };
    let infos = || {
        vec![library::ValueInfoProto {
            name: text(),
            r#type: Some(kind()),
            doc_string: text(),
        }]
    };
    let attribute = |graph: Option<library::GraphProto>| library::AttributeProto {
        name: text(),
        ref_attr_name: text(),
        doc_string: text(),
        r#type: 14,
        f: 14.5,
        i: -15,
        s: b"text".to_vec(),
        t: Some(tensor()),
        g: graph.clone(),
        sparse_tensor: Some(sparse()),
        floats: vec![16.5, 17.5],
        ints: vec![18, -19],
        strings: vec![b"one".to_vec(), Vec::new()],
        tensors: vec![tensor(), tensor()],
        graphs: graph.into_iter().collect(),
        sparse_tensors: vec![sparse()],
        type_protos: vec![kind()],
    };
    let node = |graph| library::NodeProto {
        input: texts(),
        output: texts(),
        name: text(),
        op_type: text(),
        domain: text(),
        attribute: vec![attribute(graph)],
        doc_string: text(),
    };
    let graph = |inner| library::GraphProto {
        node: vec![node(inner)],
        name: text(),
        initializer: vec![tensor()],
        sparse_initializer: vec![sparse()],
        doc_string: text(),
        input: infos(),
        output: infos(),
        value_info: infos(),
        quantization_annotation: vec![library::TensorAnnotation {
            tensor_name: Some(text()),
            quant_parameter_tensor_names: pairs(),
        }],
    };
    let inner = || Some(graph(None));
    let model = library::ModelProto {
        ir_version: 8,
        opset_import: sets(),
        producer_name: text(),
        producer_version: text(),
        domain: text(),
        model_version: 20,
        doc_string: text(),
        graph: Some(graph(inner())),
        metadata_props: pairs(),
        training_info: vec![library::TrainingInfoProto {
            initialization: inner(),
            algorithm: inner(),
            initialization_binding: pairs(),
            update_binding: pairs(),
        }],
        functions: vec![library::FunctionProto {
            name: Some(text()),
            input: texts(),
            output: texts(),
            attribute: texts(),
            node: vec![node(inner())],
            doc_string: Some(text()),
            opset_import: sets(),
            domain: Some(text()),
        }],
    };
    let own = pb::ModelProto::decode(&*model.encode_to_vec()).unwrap();
    assert_eq!(own.encode_to_vec(), model.encode_to_vec());
    assert_eq!(
        library::ModelProto::decode(&*own.encode_to_vec()).unwrap(),
        model
    );
}

#[test]
fn types_have_the_librarys_numbers_and_names() {
    for number in -1..30 {
        let own = pb::tensor_proto::DataType::try_from(number);
        let theirs = library::tensor_proto::DataType::try_from(number);
        assert_eq!(
            own.ok().map(|kind| kind.as_str_name()),
            theirs.ok().map(|kind| kind.as_str_name())
        );
        let own = pb::attribute_proto::AttributeType::try_from(number);
        let theirs = library::attribute_proto::AttributeType::try_from(number);
        assert_eq!(
            own.ok().map(|kind| format!("{kind:?}")),
            theirs.ok().map(|kind| format!("{kind:?}"))
        );
        let own = pb::tensor_proto::DataLocation::try_from(number);
        let theirs = library::tensor_proto::DataLocation::try_from(number);
        assert_eq!(
            own.ok().map(|kind| format!("{kind:?}")),
            theirs.ok().map(|kind| format!("{kind:?}"))
        );
    }
}
