/**
 * The fields of a card as they are in its JSON.
 *
 * @typedef {'error' | 'zeros'} UnknownCategory
 *
 * @typedef {{op: 'impute', values: Record<string, number | string>}
 *   | {op: 'clip', ranges: Record<string, [number, number]>}
 *   | {op: 'standardize', columns: Record<string, {mean: number, std: number}>}
 *   | {op: 'one_hot', categories: Record<string, string[]>, unknown: UnknownCategory}
 *   | {op: 'scale', factor: number}
 *   | {op: 'trees', trees: Tree[]}} Step
 *
 * @typedef {object} Tree a public decision tree, a list entry per comparison: 0 is the root; a step leads to a later one, or to
 *   leaf l as −1 − l
 * @property {number[]} feature which of the numbers is compared
 * @property {number[]} threshold with what
 * @property {number[]} low where a number up to the threshold leads
 * @property {number[]} high where a greater one leads
 * @property {(number | null)[]} [missing] where a missing one leads; where nothing is said, its record is refused
 *
 * @typedef {object} Preprocessing
 * @property {1 | 2 | 3} version
 * @property {string[]} [missing] spellings of a missing cell in a table
 * @property {Step[]} steps
 *
 * @typedef {object} Input
 * @property {'image' | 'table' | 'array'} kind
 * @property {string} [description]
 * @property {number[]} shape
 * @property {string[]} [features] a table's column names
 * @property {'mnist'} [fit]
 * @property {Record<string, {label?: string, unit?: string, description?: string}>} [about] what people should know about a
 *   table's columns
 * @property {Preprocessing} preprocessing
 *
 * @typedef {object} PublicPartFields
 * @property {string} sha256
 * @property {number} bytes
 * @property {number[]} shape
 * @property {number} features
 * @property {string} description
 *
 * @typedef {object} Quantization
 * @property {number} bits
 * @property {number | number[]} step
 * @property {number | number[]} zero
 *
 * @typedef {'classes' | 'probability' | 'quantities'} Task what is predicted: one of several classes; the probability of the
 *   second of two, by a single score; or quantities
 *
 * @typedef {object} Output
 * @property {string[]} labels
 * @property {number[]} scales
 * @property {'softmax' | 'sigmoid' | 'normalized_sigmoid' | 'exp' | 'none'} activation
 * @property {string[]} [units] one per quantity, if quantities are predicted
 * @property {number} [threshold] probability above which a record counts as positive, if not 0.5
 * @property {number} [doubt] probability by softmax below which a predicted class is in doubt
 * @property {Task} [task] needed only for several quantities without units, which are classes otherwise; elsewhere what the
 *   other fields say
 *
 * @typedef {object} Layouts
 * @property {{}} [scalar]
 * @property {{}} [records]
 * @property {{features_per_ciphertext: number[]}} [features]
 * @property {{}} [seeded]
 *
 * @typedef {object} Bounds
 * @property {number} slot_bits
 * @property {true} certified
 * @property {number[]} [largest_scores] one per output: no integer score of it exceeds this in magnitude
 *
 * @typedef {'direct' | 'vouchers' | 'sealed'} Way `direct`: encrypted records go up, encrypted scores come down; `vouchers`: they
 *   are made ahead of time, with ciphertexts, and then records and scores travel masked; `sealed`: the weights come encrypted
 *   under the service's key, what the client makes of them goes up, and masked scores come down
 *
 * @typedef {object} SealedFields
 * @property {string} modulus of the service's key, big-endian, in hexadecimal
 * @property {string} proof that it is fit for use: eight numbers of its length, in hexadecimal
 * @property {string} sha256 of the file of encrypted weights
 *
 * @typedef {object} HiddenFields hidden layers, whose numbers are squared; all is modulo 2^k
 * @property {number[]} sizes numbers of each hidden layer
 * @property {number[]} weight_bits of the integer weights before each hidden layer, and after the last
 * @property {number} ring_bits k
 * @property {number} score_shift a result's lowest bits, which a score lacks
 *
 * @typedef {object} CardFields
 * @property {'veilcast-card/1'} format
 * @property {string} name
 * @property {string} version
 * @property {string} description
 * @property {Input} input
 * @property {PublicPartFields} [public_part] a network that the client runs after preprocessing
 * @property {Quantization} quantization
 * @property {Output} output
 * @property {Bounds} bounds
 * @property {Layouts} layouts
 * @property {{max_records: number, max_ciphertexts: number}} limits
 * @property {Way[]} [ways] to get predictions; `direct` and `vouchers` if the card names none
 * @property {SealedFields} [sealed] exactly if `ways` has it
 * @property {HiddenFields} [hidden] of a network; such a model is offered by vouchers alone, and has no layouts
 */
export type UnknownCategory = 'error' | 'zeros';
export type Step = {
    op: 'impute';
    values: Record<string, number | string>;
} | {
    op: 'clip';
    ranges: Record<string, [number, number]>;
} | {
    op: 'standardize';
    columns: Record<string, {
        mean: number;
        std: number;
    }>;
} | {
    op: 'one_hot';
    categories: Record<string, string[]>;
    unknown: UnknownCategory;
} | {
    op: 'scale';
    factor: number;
} | {
    op: 'trees';
    trees: Tree[];
};
export type Tree = {
    /**
     * which of the numbers is compared
     */
    feature: number[];
    /**
     * with what
     */
    threshold: number[];
    /**
     * where a number up to the threshold leads
     */
    low: number[];
    /**
     * where a greater one leads
     */
    high: number[];
    /**
     * where a missing one leads; where nothing is said, its record is refused
     */
    missing?: (number | null)[];
};
export type Preprocessing = {
    version: 1 | 2 | 3;
    /**
     * spellings of a missing cell in a table
     */
    missing?: string[];
    steps: Step[];
};
export type Input = {
    kind: 'image' | 'table' | 'array';
    description?: string;
    shape: number[];
    /**
     * a table's column names
     */
    features?: string[];
    fit?: 'mnist';
    /**
     * what people should know about a
     * table's columns
     */
    about?: Record<string, {
        label?: string;
        unit?: string;
        description?: string;
    }>;
    preprocessing: Preprocessing;
};
export type PublicPartFields = {
    sha256: string;
    bytes: number;
    shape: number[];
    features: number;
    description: string;
};
export type Quantization = {
    bits: number;
    step: number | number[];
    zero: number | number[];
};
export type Task = 'classes' | 'probability' | 'quantities';
export type Output = {
    labels: string[];
    scales: number[];
    activation: 'softmax' | 'sigmoid' | 'normalized_sigmoid' | 'exp' | 'none';
    /**
     * one per quantity, if quantities are predicted
     */
    units?: string[];
    /**
     * probability above which a record counts as positive, if not 0.5
     */
    threshold?: number;
    /**
     * probability by softmax below which a predicted class is in doubt
     */
    doubt?: number;
    /**
     * needed only for several quantities without units, which are classes otherwise; elsewhere what the
     * other fields say
     */
    task?: Task;
};
export type Layouts = {
    scalar?: {};
    records?: {};
    features?: {
        features_per_ciphertext: number[];
    };
    seeded?: {};
};
export type Bounds = {
    slot_bits: number;
    certified: true;
    /**
     * one per output: no integer score of it exceeds this in magnitude
     */
    largest_scores?: number[];
};
export type Way = 'direct' | 'vouchers' | 'sealed';
export type SealedFields = {
    /**
     * of the service's key, big-endian, in hexadecimal
     */
    modulus: string;
    /**
     * that it is fit for use: eight numbers of its length, in hexadecimal
     */
    proof: string;
    /**
     * of the file of encrypted weights
     */
    sha256: string;
};
export type HiddenFields = {
    /**
     * numbers of each hidden layer
     */
    sizes: number[];
    /**
     * of the integer weights before each hidden layer, and after the last
     */
    weight_bits: number[];
    /**
     * k
     */
    ring_bits: number;
    /**
     * a result's lowest bits, which a score lacks
     */
    score_shift: number;
};
export type CardFields = {
    format: 'veilcast-card/1';
    name: string;
    version: string;
    description: string;
    input: Input;
    /**
     * a network that the client runs after preprocessing
     */
    public_part?: PublicPartFields;
    quantization: Quantization;
    output: Output;
    bounds: Bounds;
    layouts: Layouts;
    limits: {
        max_records: number;
        max_ciphertexts: number;
    };
    /**
     * to get predictions; `direct` and `vouchers` if the card names none
     */
    ways?: Way[];
    /**
     * exactly if `ways` has it
     */
    sealed?: SealedFields;
    /**
     * of a network; such a model is offered by vouchers alone, and has no layouts
     */
    hidden?: HiddenFields;
};
export {};
