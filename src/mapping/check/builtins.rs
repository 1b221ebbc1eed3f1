//! What jq's own functions give.

use jaq_core::load::parse::Term;

use super::shape::Shape;
use super::sorts::Sorts;
use super::walk::{Expected, Variables, Walker, maybe_nothing, or_null};

const BOOLEANS: &[&str] = &[
    "true",
    "false",
    "not",
    "has",
    "contains",
    "inside",
    "startswith",
    "endswith",
    "test",
    "any",
    "all",
    "in",
    "isnan",
    "isinfinite",
    "isnormal",
    "isvalid",
    "toboolean",
    "IN",
    "have_decnum",
    "have_literal_numbers",
];
const TEXTS: &[&str] = &[
    "tostring",
    "tojson",
    "ascii_downcase",
    "ascii_upcase",
    "gsub",
    "trim",
    "ltrim",
    "rtrim",
    "join",
    "todate",
    "strftime",
    "strflocaltime",
    "type",
    "implode",
    "ascii",
    "sub",
    "input_filename",
];
const NUMBERS: &[&str] = &[
    "length",
    "utf8bytelength",
    "tonumber",
    "floor",
    "ceil",
    "round",
    "sqrt",
    "fabs",
    "trunc",
    "fromdate",
    "fromdateiso8601",
    "mktime",
    "now",
    "nan",
    "infinite",
    "pow",
    "log",
    "log2",
    "log10",
    "exp",
    "abs",
];
const LISTS: &[&str] = &["keys", "keys_unsorted", "split", "explode", "indices", "paths", "combinations"];
/// Functions that give a list of the input's items, in another order or fewer of them.
const SAME_LIST: &[&str] = &["sort", "sort_by", "unique", "unique_by"];
/// Functions whose arguments are applied to each item of the input.
const BY_ITEM: &[&str] = &["sort_by", "group_by", "unique_by", "min_by", "max_by", "any", "all", "map", "map_values"];
/// Functions whose arguments look at something else than the input, or at parts that need not exist.
const ELSEWHERE: &[&str] = &[
    "sub",
    "gsub",
    "with_entries",
    "walk",
    "recurse",
    "until",
    "while",
    "repeat",
    "del",
    "delpaths",
    "paths",
    "path",
    "to_entries",
    "from_entries",
    "pick",
    "getpath",
    "setpath",
    "isvalid",
    "splits",
    "limit",
    "ascii",
    "env",
    "input",
    "foreach",
    "reduce",
    "tostream",
    "fromstream",
    "truncate_stream",
    "INDEX",
    "GROUP_BY",
    "in",
    "inside",
];

/// What a call of a builtin gives, its arguments walked.
pub(super) fn call<'c, 's>(
    walker: &mut Walker<'c, 's>,
    name: &str,
    arguments: &[Term<&'c str>],
    input: &Shape<'s>,
    variables: &Variables<'s>,
) -> Shape<'s> {
    let given = arguments_of(walker, name, arguments, input, variables);
    match name {
        "empty" | "error" | "halt" | "halt_error" => return Shape::of(Sorts::NOTHING),
        "null" => return Shape::of(Sorts::NULL),
        "select" => return maybe_nothing(input.clone()),
        "values" | "strings" | "numbers" | "booleans" | "arrays" | "objects" | "scalars" | "iterables" => {
            return maybe_nothing(narrowed(name, input));
        }
        "nulls" => return Shape::of(Sorts::NULL | Sorts::NOTHING),
        "map" => {
            let item = given.into_iter().next().unwrap_or_else(Shape::any);
            let sorts = item.sorts.without(Sorts::NOTHING);
            return Shape::list_of(item.with_sorts(sorts));
        }
        "first" | "last" | "limit" if !arguments.is_empty() => {
            return maybe_nothing(given.into_iter().last().unwrap_or_else(Shape::any));
        }
        "first" | "last" | "min" | "max" | "min_by" | "max_by" => return or_null(input.items()),
        "add" if arguments.is_empty() => {
            let sorts = input.items().sorts.without(Sorts::NOTHING);
            return Shape::of(sorts | Sorts::NULL);
        }
        "reverse" => return input.clone(),
        "ltrimstr" | "rtrimstr" | "trimstr" => return Shape::of(input.sorts),
        "group_by" => return Shape::list_of(Shape::list_of(input.items())),
        "flatten" | "range" | "splits" | "match" | "capture" | "scan" => {}
        "to_entries" => return Shape::list_of(Shape::of(Sorts::OBJECT)),
        "from_entries" | "with_entries" | "env" => return Shape::of(Sorts::OBJECT),
        "index" | "rindex" => return Shape::of(Sorts::NUMBER | Sorts::NULL),
        _ if SAME_LIST.contains(&name) => return Shape::list_of(input.items()),
        _ => {}
    }
    Shape::of(sorts_of(name, arguments.len()))
}

fn sorts_of(name: &str, arguments: usize) -> Sorts {
    if BOOLEANS.contains(&name) {
        Sorts::BOOLEAN
    } else if TEXTS.contains(&name) || name.starts_with('@') {
        Sorts::TEXT
    } else if NUMBERS.contains(&name) {
        Sorts::NUMBER
    } else if LISTS.contains(&name) || (name == "flatten" && arguments < 2) {
        Sorts::LIST
    } else {
        Sorts::ANY | Sorts::NOTHING
    }
}

fn arguments_of<'c, 's>(
    walker: &mut Walker<'c, 's>,
    name: &str,
    arguments: &[Term<&'c str>],
    input: &Shape<'s>,
    variables: &Variables<'s>,
) -> Vec<Shape<'s>> {
    if let ("any" | "all", [generator, condition]) = (name, arguments) {
        let item = walker.term(generator, input, variables);
        return vec![walker.term(condition, &item, variables)];
    }
    let mut shapes = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let shape = if ELSEWHERE.contains(&name) {
            // Arguments of these may run on other values, so nothing that they lack is held against them.
            walker.leniently(Expected::Unfollowed, |walker| walker.term(argument, input, variables))
        } else if BY_ITEM.contains(&name) && arguments.len() == 1 {
            walker.term(argument, &input.items(), variables)
        } else {
            walker.term(argument, input, variables)
        };
        shapes.push(shape);
    }
    shapes
}

fn narrowed<'s>(name: &str, input: &Shape<'s>) -> Shape<'s> {
    let sorts = match name {
        "values" => input.sorts.without(Sorts::NULL),
        "strings" => input.sorts & Sorts::TEXT,
        "numbers" => input.sorts & Sorts::NUMBER,
        "booleans" => input.sorts & Sorts::BOOLEAN,
        "arrays" => input.sorts & Sorts::LIST,
        "objects" => input.sorts & Sorts::OBJECT,
        "iterables" => input.sorts & (Sorts::LIST | Sorts::OBJECT),
        _ => input.sorts.without(Sorts::LIST | Sorts::OBJECT),
    };
    input.clone().with_sorts(sorts)
}
