def in(xs): . as $x | xs | has($x);
def first: .[0];
# Builtins that are jq themselves. Recursive definitions call __tick first, which bounds them.
# Names that begin with two underscores are ours and cannot clash: the compiler refuses them in expressions.

def select(f): if f then . else empty end;
def map(f): [.[] | f];
def map_values(f): [__keys[] as $k | [$k, first(.[$k] | f)]] as $pairs | __like($pairs);
def recurse(f): def r: __tick | ., (f | r); r;
def recurse(f; cond): def r: __tick | ., (f | select(cond) | r); r;
def recurse: ..;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def normals: select(isnormal);
def isfinite: type == "number" and (isinfinite | not);
def finites: select(isfinite);
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def fromdate: fromdateiso8601;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def date: todate;
def range($from; $upto): __range($from; $upto; 1);

def range($upto): __range(0; $upto; 1);
def while(cond; update): def w: __tick | if cond then ., (update | w) else empty end; w;
def until(cond; update): def u: __tick | if cond then . else (update | u) end; u;
def repeat(f): def r: __tick | f, r; r;
def range($from; $upto; $by):
  if [$from, $upto, $by] | map(type) == ["number", "number", "number"] then __range($from; $upto; $by)
  elif $by > 0 then $from | while(. < $upto; . + $by)
  elif $by < 0 then $from | while(. > $upto; . + $by)
  else empty end;
def limit($n; f):
  if $n > 0 then __limit($n; f)
  elif $n == 0 then empty
  else error("limit doesn't support negative count") end;
def skip($n; f):
  if $n > 0 then __skip($n; f)
  elif $n == 0 then f
  else error("skip doesn't support negative count") end;
def last: .[-1];
def nth($n): .[$n];
def __skip_or_all($n; f): if $n > 0 then __skip($n; f) else f end;
def nth($n; f):
  if $n < 0 then error("nth doesn't support negative indices") else first(__skip_or_all($n; f)) end;
def isempty(g): first((g | false), true);
def any(g; cond): isempty(first(g | cond | if . then . else empty end)) | not;
def all(g; cond): isempty(first(g | cond | if . then empty else true end));
def any: any(.[]; .);
def any(cond): any(.[]; cond);
def all: all(.[]; .);
def all(cond): all(.[]; cond);
def add(f): reduce f as $x (null; . + $x);
def inside(xs): . as $x | xs | contains($x);
def index($i): indices($i) | .[0];
def rindex($i): indices($i) | .[-1:][0];
def combinations:
  if length == 0 then [] else __tick | .[0][] as $x | .[1:] | combinations as $rest | [$x] + $rest end;
def combinations(n): . as $all | [range(n)] | map($all) | combinations;
def walk(f): def w: __tick | if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def debug(msg): (msg | empty), .;
def env: $ENV;

def sort_by(f): __sort_by(map([f]));
def group_by(f): __group_by(map([f]));
def unique_by(f): [__group_by(map([f]))[] | .[0]];
def min_by(f): __min_by(map([f]));
def max_by(f): __max_by(map([f]));
def from_entries:
  reduce .[] as $x ({};
    . + { ($x | .key // .name // .Name // .Key | __entry_key): ($x | if has("value") then .value else .Value end) });
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def with_entries(f): to_entries | map(f) | from_entries;

def paths: path(..) | select(length > 0);
def paths(f): path(.. | select(f)) | select(length > 0);
def leaf_paths: paths(scalars);
def del(f): delpaths([path(f)]);
def pick(f): . as $top | reduce path(f) as $p (null; setpath($p; $top | getpath($p)));
def tostream:
  path(def r: __tick | (.[]? | r), .; r) as $p
  | getpath($p)
  | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def fromstream(f):
  {x: null, e: false} as $init
  | foreach f as $i ($init;
      if .e then $init else . end
      | if $i | length == 2
        then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1])
        else setpath(["e"]; $i[0] | length == 1) end;
      if .e then .x else empty end);
def truncate_stream(stream):
  . as $n | null | stream | . as $in
  | if (.[0] | length) > $n then setpath([0]; .[0][$n:]) else empty end;

def __assign(p; $value): reduce path(p) as $p (.; setpath($p; $value));
def __modify(p; f):
  . as $in
  | reduce path(p) as $p ([$in, []];
      .[0] as $now
      | [first($now | getpath($p) | f)] as $new
      | if ($new | length) == 0 then [$now, .[1] + [$p]] else [($now | setpath($p; $new[0])), .[1]] end)
  | .[1] as $gone
  | .[0]
  | if ($gone | length) == 0 then . else delpaths($gone) end;
def __last_or_null(f): [f] | .[-1];

def match($re): __match($re) | .[];
def match($re; $flags): __match($re; $flags) | .[];
def test($re): __test($re);
def test($re; $flags): __test($re; $flags);
def capture($re): match($re) | __captured;
def capture($re; $flags): match($re; $flags) | __captured;
def scan($re; $flags):
  match($re; "g" + $flags) | if (.captures | length) > 0 then [.captures[].string] else .string end;
def scan($re): scan($re; null);
def split($re; $flags): __split($re; $flags);
def splits($re; $flags): __split($re; $flags) | .[];
def splits($re): splits($re; null);
def sub($re; f; $flags):
  . as $in
  | [match($re; $flags)] as $edits
  | if ($edits | length) == 0 then $in
    else [$edits[] | [__captured | f]] as $inserts
      | __splice($in; $edits; $inserts)
      | if length == 0 then $in else .[] end end;
def sub($re; f): sub($re; f; "");
def gsub($re; f): sub($re; f; "g");
def gsub($re; f; $flags): sub($re; f; $flags + "g");

def INDEX(stream; f): reduce stream as $row ({}; __modify(.[$row | f | tostring]; $row));
def INDEX(f): INDEX(.[]; f);
def GROUP_BY(f): group_by(f);
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def JOIN($idx; f): [.[] | [., $idx[f]]];
def JOIN($idx; stream; f): stream | [., $idx[f]];
def JOIN($idx; stream; f; join): stream | [., $idx[f]] | join;
def ascii: [.] | implode;
def get_search_list: [];
def input: error("break");
def input_line_number: error("Unknown input line number");
def input_filename: null;
def get_jq_origin: empty;
def get_prog_origin: empty;
def have_literal_numbers: true;
def have_decnum: true;
def inputs: empty;
def modulemeta: error("modulemeta is not available");
def stderr: .;
def transpose: [range(0; map(length) | max // 0) as $column | [.[][$column]]];
def builtins: [
  "IN/1", "IN/2", "INDEX/1", "INDEX/2", "JOIN/2", "JOIN/3", "JOIN/4", "abs/0", "acos/0", "acosh/0", "add/0", "add/1",
  "all/0", "all/1", "all/2", "any/0", "any/1", "any/2", "arrays/0", "ascii_downcase/0", "ascii_upcase/0", "asin/0",
  "asinh/0", "atan/0", "atan2/2", "atanh/0", "booleans/0", "bsearch/1", "builtins/0", "capture/1", "capture/2",
  "cbrt/0", "ceil/0", "combinations/0", "combinations/1", "contains/1", "copysign/2", "cos/0", "cosh/0", "debug/0",
  "debug/1", "del/1", "delpaths/1", "drem/2", "empty/0", "endswith/1", "env/0", "erf/0", "erfc/0", "error/0",
  "error/1", "exp/0", "exp10/0", "exp2/0", "explode/0", "expm1/0", "fabs/0", "fdim/2", "finites/0", "first/0",
  "first/1", "flatten/0", "flatten/1", "floor/0", "fma/3", "fmax/2", "fmin/2", "fmod/2", "format/1", "frexp/0",
  "from_entries/0", "fromdate/0", "fromdateiso8601/0", "fromjson/0", "fromstream/1", "gamma/0", "get_jq_origin/0",
  "get_prog_origin/0", "get_search_list/0", "getpath/1", "gmtime/0", "group_by/1", "gsub/2", "gsub/3", "halt/0",
  "halt_error/0", "halt_error/1", "has/1", "have_decnum/0", "have_literal_numbers/0", "hypot/2", "implode/0", "in/1",
  "index/1", "indices/1", "infinite/0", "input/0", "input_filename/0", "input_line_number/0", "inputs/0", "inside/1",
  "isempty/1", "isfinite/0", "isinfinite/0", "isnan/0", "isnormal/0", "iterables/0", "j0/0", "j1/0", "jn/2", "join/1",
  "keys/0", "keys_unsorted/0", "last/0", "last/1", "ldexp/2", "length/0", "lgamma/0", "lgamma_r/0", "limit/2",
  "localtime/0", "log/0", "log10/0", "log1p/0", "log2/0", "logb/0", "ltrim/0", "ltrimstr/1", "map/1", "map_values/1",
  "match/1", "match/2", "max/0", "max_by/1", "min/0", "min_by/1", "mktime/0", "modf/0", "modulemeta/0", "nan/0",
  "nearbyint/0", "nextafter/2", "nexttoward/2", "normals/0", "not/0", "now/0", "nth/1", "nth/2", "nulls/0",
  "numbers/0", "objects/0", "path/1", "paths/0", "paths/1", "pick/1", "pow/2", "range/1", "range/2", "range/3",
  "recurse/0", "recurse/1", "recurse/2", "remainder/2", "repeat/1", "reverse/0", "rindex/1", "rint/0", "round/0",
  "rtrim/0", "rtrimstr/1", "scalars/0", "scalb/2", "scalbln/2", "scan/1", "scan/2", "select/1", "setpath/2",
  "significand/0", "sin/0", "sinh/0", "skip/2", "sort/0", "sort_by/1", "split/1", "split/2", "splits/1", "splits/2",
  "sqrt/0", "startswith/1", "stderr/0", "strflocaltime/1", "strftime/1", "strings/0", "strptime/1", "sub/2", "sub/3",
  "tan/0", "tanh/0", "test/1", "test/2", "tgamma/0", "to_entries/0", "toboolean/0", "todate/0", "todateiso8601/0",
  "tojson/0", "tonumber/0", "tostream/0", "tostring/0", "transpose/0", "trim/0", "trimstr/1", "trunc/0",
  "truncate_stream/1", "type/0", "unique/0", "unique_by/1", "until/2", "utf8bytelength/0", "values/0", "walk/1",
  "while/2", "with_entries/1", "y0/0", "y1/0", "yn/2"
];
