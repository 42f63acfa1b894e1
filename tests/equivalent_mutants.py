"""Mutants of our own layers that compute the same function, and why."""

ONE_AXIS = "there is one axis, which is the first and the last"
ONE_COLUMN = "there is one column, which is the first and the last"
ONLY_MEMORY = "the numbers are the same; only memory is used that need not be, or a copy is made"
ONE_LENGTH = "both are always of one length"
ONE_BY_ONE = "what counts everywhere is then counted one by one, or selected, which takes longer"
WIDER = "computed in float64 and rounded once, which is as right and takes longer"
NO_SUCH_SIZE = "float64 has 8 bytes, which is also what it is summed in, and no dtype has 7"
HIDDEN = "what does not count has probability 0, by which this number is multiplied"
BOTH_ARE_0 = "at 0, the pieces meet: the value is 0 of either"
NOT_SELECTED = "what is not selected may be any number"
IN_PAIRS = "the last axis is then summed in pairs, too, which is as accurate and takes longer"
EITHER_WAY = "sums and products are the same either way round"
BELOW_0 = "any number below 0 tells a row that is not shown from those that are"
EMPTY = "an empty slice is empty wherever it is"
BLOCKS = "blocks may well be of another length, which takes longer"
ONE_SIZE = "x less t and t less x have one size, and one square"
ANY_LENGTH = "to NumPy, any negative length is as many as there are"
INERT = "rows that do not count say nothing, whatever number they hold"
WEAK = "a Python number of whatever value has no say in a dtype"

EACH_HEARD = "for each in (dhs, *(each.reshape(dhs.shape[1:]) for each in dlast))"

EQUIVALENT: dict[tuple[str, str, str], str] = {
    **{
        (
            "through_time",
            "a = affine.forward(selected(counts, wide(_steps_first(x)), 0))",
            f"a = affine.forward(selected(counts, wide(_steps_first(x)), {number}))",
        ): INERT
        for number in (1, -1)
    },
    **{
        (
            "through_time",
            f"return [each.astype(dtype, copy=False) {EACH_HEARD}]",
            f"return [each.astype({dtype}) {EACH_HEARD}]",
        ): ONLY_MEMORY
        for dtype in ("dtype", "dtype, copy=True")
    },
    (
        "through_time",
        "columns = f'{parts} H' if parts > 1 else 'H'",
        "columns = f'{parts} H' if parts > 2 else 'H'",
    ): "a step computes 1, 3 or 4 parts",
    **{
        (
            "through_time",
            "arrays = dict(zip(given, floating_together(where, **given), strict=True))",
            f"arrays = dict(zip(given, floating_together(where, **given){strict}))",
        ): ONE_LENGTH
        for strict in ("", ", strict=False")
    },
    (
        "through_time",
        "room = np.empty((steps + 1, *first.shape), np.result_type(dtype, np.float32))",
        "room = np.empty((steps + 1, *first.shape), np.promote_types(dtype, np.float32))",
    ): "of two dtypes, both functions give the same",
    (
        "through_time",
        "room = np.empty((steps + 1, *first.shape), np.result_type(dtype, np.float32))",
        "room = np.empty((steps + 1, *first.shape), np.result_type(dtype, np.float64))",
    ): WIDER,
    (
        "through_time",
        "return grads if len(grads) > 1 else grads[0]",
        "return grads if len(grads) > 1 else grads[-1]",
    ): "where there is one gradient, it is the first and the last",
    ("counting", "if counts is True:", "if counts is False:"): ONE_BY_ONE,
    ("counting", "if x.ndim - 1 in axes:", "if x.ndim + 1 in axes:"): WIDER,
    ("counting", "if x.ndim - 1 in axes:", "if x.ndim - 0 in axes:"): WIDER,
    (
        "counting",
        "x = (rows if np.isfinite(rows).all() else row_sums(double(x)))[..., np.newaxis]",
        "pass",
    ): WIDER,
    ("indices", "last = np.full(length, -1)", "last = np.full(length, -2)"): BELOW_0,
    (
        "joining",
        "return tuple((np.array(piece, array.dtype) for piece, array in zip(pieces, self.arrays, strict=True)))",
        "return tuple((np.array(piece, array.dtype) for piece, array in zip(pieces, self.arrays)))",
    ): ONE_LENGTH,
    (
        "joining",
        "return tuple((np.array(piece, array.dtype) for piece, array in zip(pieces, self.arrays, strict=True)))",
        "return tuple((np.array(piece, array.dtype) for piece, array in zip(pieces, self.arrays, strict=False)))",
    ): ONE_LENGTH,
    (
        "joining",
        "return tuple((np.array(piece, dtype) for piece, dtype in zip(dout, self.dtypes, strict=True)))",
        "return tuple((np.array(piece, dtype) for piece, dtype in zip(dout, self.dtypes)))",
    ): ONE_LENGTH,
    (
        "joining",
        "return tuple((np.array(piece, dtype) for piece, dtype in zip(dout, self.dtypes, strict=True)))",
        "return tuple((np.array(piece, dtype) for piece, dtype in zip(dout, self.dtypes, strict=False)))",
    ): ONE_LENGTH,
    ("losses", "exps = np.exp(scores, out=scores)", "exps = np.exp(scores)"): ONLY_MEMORY,
    ("losses", "y = np.divide(exps, sums, out=exps)", "y = np.divide(exps, sums)"): ONLY_MEMORY,
    (
        "losses",
        "rows = times_mass(targets, np.log(sums[:, 0])) - chosen",
        "rows = times_mass(targets, np.log(sums[:, -1])) - chosen",
    ): ONE_COLUMN,
    ("batches", "mean = long_sum(losses, 0) / len(losses)", "mean = long_sum(losses, -1) / len(losses)"): ONE_AXIS,
    (
        "batches",
        "return dtype.type(mean if math.isfinite(mean) else long_sum(losses / len(losses), 0))",
        "return dtype.type(mean if math.isfinite(mean) else long_sum(losses / len(losses), -1))",
    ): ONE_AXIS,
    (
        "batches",
        "if FLOAT32.tiny <= abs(factor) <= FLOAT32.max:",
        "if FLOAT32.tiny < abs(factor) <= FLOAT32.max:",
    ): WIDER,
    (
        "batches",
        "if FLOAT32.tiny <= abs(factor) <= FLOAT32.max:",
        "if FLOAT32.tiny <= abs(factor) <= FLOAT32.min:",
    ): WIDER,
    (
        "binary",
        "return (batch.counted(each).astype(np.result_type(x, np.float32)),)",
        "return (batch.counted(each),)",
    ): WIDER,
    (
        "binary",
        "return (batch.counted(each).astype(np.result_type(x, np.float32)),)",
        "return (batch.counted(each).astype(np.result_type(x, np.float64)),)",
    ): WIDER,
    (
        "checks",
        "beside = [array.dtype for array, alone in zip(arrays, weak, strict=True) if not alone]",
        "beside = [array.dtype for array, alone in zip(arrays, weak) if not alone]",
    ): ONE_LENGTH,
    (
        "checks",
        "beside = [array.dtype for array, alone in zip(arrays, weak, strict=True) if not alone]",
        "beside = [array.dtype for array, alone in zip(arrays, weak, strict=False) if not alone]",
    ): ONE_LENGTH,
    (
        "checks",
        "return tuple((array.astype(dtype) if alone else array for array, alone in zip(arrays, weak, strict=True)))",
        "return tuple((array.astype(dtype) if alone else array for array, alone in zip(arrays, weak)))",
    ): ONE_LENGTH,
    (
        "checks",
        "return tuple((array.astype(dtype) if alone else array for array, alone in zip(arrays, weak, strict=True)))",
        "return tuple((array.astype(dtype) if alone else array for array, alone in zip(arrays, weak, strict=False)))",
    ): ONE_LENGTH,
    ("checks", "dtype = np.result_type(0.0, *beside)", "dtype = np.result_type(1.0, *beside)"): WEAK,
    ("checks", "dtype = np.result_type(0.0, *beside)", "dtype = np.result_type(-1.0, *beside)"): WEAK,
    (
        "checks",
        "return array.astype(np.result_type(array, np.float64), copy=False)",
        "return array.astype(np.result_type(array, np.float64))",
    ): ONLY_MEMORY,
    (
        "checks",
        "return array.astype(np.result_type(array, np.float64), copy=False)",
        "return array.astype(np.result_type(array, np.float64), copy=True)",
    ): ONLY_MEMORY,
    (
        "checks",
        "return np.add.reduce(array, axis=axes, dtype=np.float64 if array.itemsize < 8 else None)",
        "return np.add.reduce(array, axis=axes, dtype=np.float64 if array.itemsize <= 8 else None)",
    ): NO_SUCH_SIZE,
    (
        "checks",
        "return np.add.reduce(array, axis=axes, dtype=np.float64 if array.itemsize < 8 else None)",
        "return np.add.reduce(array, axis=axes, dtype=np.float64 if array.itemsize < 9 else None)",
    ): NO_SUCH_SIZE,
    (
        "checks",
        "return np.add.reduce(array, axis=axes, dtype=np.float64 if array.itemsize < 8 else None)",
        "return np.add.reduce(array, axis=axes, dtype=np.float64 if array.itemsize < 7 else None)",
    ): NO_SUCH_SIZE,
    (
        "softmax",
        "exps = np.exp(scores, out=scores)",
        "exps = np.exp(scores)",
    ): ONLY_MEMORY,
    (
        "softmax",
        "y = np.divide(exps, total(exps, axes), out=exps)",
        "y = np.divide(exps, total(exps, axes))",
    ): ONLY_MEMORY,
    (
        "softmax",
        "out = np.subtract(scores, np.log(s), out=scores)",
        "out = np.subtract(scores, np.log(s))",
    ): ONLY_MEMORY,
    (
        "softmax",
        "self.y = np.divide(exps, s, out=exps)",
        "self.y = np.divide(exps, s)",
    ): ONLY_MEMORY,
    (
        "softmax",
        "exps = np.exp(shifted_scores, out=shifted_scores)",
        "exps = np.exp(shifted_scores)",
    ): ONLY_MEMORY,
    (
        "softmax",
        "self.y = np.divide(exps, np.maximum(s, 1), out=exps)",
        "self.y = np.divide(exps, np.maximum(s, 1))",
    ): ONLY_MEMORY,
    (
        "counting",
        "return array if counts is True else np.where(counts, array, otherwise)",
        "return array if counts is False else np.where(counts, array, otherwise)",
    ): ONLY_MEMORY,
    ("softmax", "dout = selected(self.counts, dout, 0)", "dout = selected(self.counts, dout, 1)"): HIDDEN,
    ("softmax", "dout = selected(self.counts, dout, 0)", "dout = selected(self.counts, dout, -1)"): HIDDEN,
    (
        "normal",
        "return (np.abs((x > 0) - tail), exponential / np.sqrt(2 * np.pi))",
        "return (np.abs((x >= 0) - tail), exponential / np.sqrt(2 * np.pi))",
    ): "at 0 the tail is ½, and 1 less it is as much",
    (
        "normal",
        "h = x.astype(np.float32).astype(x.dtype)",
        "h = x.astype(np.float16).astype(x.dtype)",
    ): "the square of a number of float16 is exact as well, and the rest is small enough",
    (
        "self_gated",
        "numbers = x.reshape(-1)",
        "numbers = x.reshape(-2)",
    ): ANY_LENGTH,
    (
        "self_gated",
        "return (np.abs((x > 0) - tail), tail * (1 - tail))",
        "return (np.abs((x >= 0) - tail), tail * (1 - tail))",
    ): "at 0, tail is ½, and so is 1 - tail",
    (
        "piecewise",
        "out = np.where(x > 0, x, wide(slope) * wide(x))",
        "out = np.where(x >= 0, x, wide(slope) * wide(x))",
    ): BOTH_ARE_0,
    (
        "piecewise",
        "self.dslope = sum_to(np.where(x > 0, 0, double(dout) * x), slope)",
        "self.dslope = sum_to(np.where(x >= 0, 0, double(dout) * x), slope)",
    ): "at 0, dout is multiplied by 0, unless it is not finite",
    (
        "exponential",
        "out = np.where(x > 0, x, alpha * np.expm1(np.minimum(wide(x), 0)))",
        "out = np.where(x >= 0, x, alpha * np.expm1(np.minimum(wide(x), 0)))",
    ): BOTH_ARE_0,
    (
        "exponential",
        "out = np.where(x > 0, x, alpha * np.expm1(np.minimum(wide(x), 0)))",
        "out = np.where(x > 0, x, alpha * np.expm1(np.minimum(wide(x), 1)))",
    ): NOT_SELECTED,
    (
        "exponential",
        "dx = np.where(self.x > 0, dout, dout * (self.used * np.exp(double(np.minimum(self.x, 0)))))",
        "dx = np.where(self.x > 0, dout, dout * (self.used * np.exp(double(np.minimum(self.x, 1)))))",
    ): NOT_SELECTED,
    (
        "self_gated",
        "out = np.maximum(x, -3) * gate",
        "out = np.maximum(x, -4) * gate",
    ): "left of -3 the gate is 0, and the product with any finite number is",
    ("numerics", "if axis in (-1, array.ndim - 1):", "if axis in (-1, array.ndim + 1):"): IN_PAIRS,
    ("numerics", "if axis in (-1, array.ndim - 1):", "if axis in (-1, array.ndim - 0):"): IN_PAIRS,
    ("numerics", "while len(terms) > FEW:", "while len(terms) >= FEW:"): "32 numbers are few, as 31 are",
    (
        "moments",
        "mean = mean_product(x, np.ones(x.shape[-1], x.dtype), n)",
        "mean = mean_product(np.ones(x.shape[-1], x.dtype), x, n)",
    ): EITHER_WAY,
    (
        "moments",
        "r = inverse_root(mean_product(c, c, n, axes), eps, c)",
        "r = inverse_root(eps, mean_product(c, c, n, axes), c)",
    ): EITHER_WAY,
    (
        "moments",
        "return selected(counts, x - mean.astype(x.dtype), 0)",
        "return selected(counts, x - mean, 0)",
    ): WIDER,
    (
        "moments",
        "mean = mean_product(t, z, n, axes)",
        "mean = mean_product(z, t, n, axes)",
    ): EITHER_WAY,
    (
        "convolution",
        "return W.astype(dtype, copy=False).reshape(groups, len(W) // groups, math.prod(W.shape[1:]))",
        "return W.astype(dtype).reshape(groups, len(W) // groups, math.prod(W.shape[1:]))",
    ): ONLY_MEMORY,
    (
        "convolution",
        "return W.astype(dtype, copy=False).reshape(groups, len(W) // groups, math.prod(W.shape[1:]))",
        "return W.astype(dtype, copy=True).reshape(groups, len(W) // groups, math.prod(W.shape[1:]))",
    ): ONLY_MEMORY,
    ("windows", "return (slice(0, 0), slice(0, 0))", "return (slice(1, 0), slice(0, 0))"): EMPTY,
    ("windows", "return (slice(0, 0), slice(0, 0))", "return (slice(-1, 0), slice(0, 0))"): EMPTY,
    ("windows", "return (slice(0, 0), slice(0, 0))", "return (slice(0, 0), slice(1, 0))"): EMPTY,
    ("windows", "return (slice(0, 0), slice(0, 0))", "return (slice(0, 0), slice(-1, 0))"): EMPTY,
    (
        "correlation",
        "X = np.zeros((x.shape[1], size(axes), blocks[0].stop if blocks else 0, *places(axes)), dtype)",
        "X = np.zeros((x.shape[1], size(axes), blocks[0].stop if blocks else 1, *places(axes)), dtype)",
    ): ONLY_MEMORY,
    (
        "correlation",
        "return w if np.isfinite(w).all() else _weight_sums_by_taps(x, d, axes, groups).reshape(w.shape)",
        "return w if np.isfinite(w).all() else _weight_sums_by_taps(x, d, axes, groups)",
    ): "whoever sums weights gives the sums their shape, too",
    ("correlation", "length = max(1, BLOCK // max(1, numbers))", "length = max(2, BLOCK // max(1, numbers))"): BLOCKS,
    ("correlation", "length = max(1, BLOCK // max(1, numbers))", "length = max(1, BLOCK // max(2, numbers))"): BLOCKS,
    (
        "channels",
        "return channels.swapaxes(1, 2)[counts[:, 0]][..., np.newaxis]",
        "return channels.swapaxes(1, 2)[counts[:, -1]][..., np.newaxis]",
    ): ONE_COLUMN,
    ("channels", "rows[counts[:, 0]] = channels[..., 0]", "rows[counts[:, -1]] = channels[..., 0]"): ONE_COLUMN,
    ("channels", "rows[counts[:, 0]] = channels[..., 0]", "rows[counts[:, 0]] = channels[..., -1]"): ONE_COLUMN,
    (
        "channel_normalisation",
        "rest = (sum_of_channels(channels, lambda block: channels[block] - mean) / n).astype(dtype)",
        "rest = sum_of_channels(channels, lambda block: channels[block] - mean) / n",
    ): WIDER,
    (
        "channel_normalisation",
        "dtype = np.result_type(channels, np.float32)",
        "dtype = np.result_type(channels, np.float64)",
    ): WIDER,
    ("channel_normalisation", "mean = column(given.mean).astype(dtype)", "mean = column(given.mean)"): WIDER,
    (
        "channel_normalisation",
        "return (mean, (column(given.mean) - mean).astype(dtype), column(given.var))",
        "return (mean, column(given.mean) - mean, column(given.var))",
    ): WIDER,
    ("channel_normalisation", "r = inverse_root(var, eps, mean)", "r = inverse_root(eps, var, mean)"): EITHER_WAY,
    (
        "channel_normalisation",
        "self.dgamma, self.dbeta = (np.asarray(dgamma[:, 0], gamma.dtype), np.asarray(dbeta[:, 0], beta.dtype))",
        "self.dgamma, self.dbeta = (np.asarray(dgamma[:, -1], gamma.dtype), np.asarray(dbeta[:, 0], beta.dtype))",
    ): ONE_COLUMN,
    (
        "channel_normalisation",
        "self.dgamma, self.dbeta = (np.asarray(dgamma[:, 0], gamma.dtype), np.asarray(dbeta[:, 0], beta.dtype))",
        "self.dgamma, self.dbeta = (np.asarray(dgamma[:, 0], gamma.dtype), np.asarray(dbeta[:, -1], beta.dtype))",
    ): ONE_COLUMN,
    (
        "channel_normalisation",
        "grouped = counts if counts is True else in_groups(np.broadcast_to(counts, channels.shape), self.groups)",
        "grouped = counts if counts is False else in_groups(np.broadcast_to(counts, channels.shape), self.groups)",
    ): ONE_BY_ONE,
    (
        "row_normalisation",
        "dtype = np.result_type(rows, np.float32)",
        "dtype = np.result_type(rows, np.float64)",
    ): WIDER,
    ("moments", "dx = z * mean.astype(t.dtype)", "dx = z * mean"): WIDER,
    (
        "moments",
        "mean = np.vecdot(a, b)[..., np.newaxis] / n if axes == LAST else masked_mean(a * b, axes, True, n)",
        "mean = np.vecdot(a, b)[..., np.newaxis] / n if axes == LAST else masked_mean(a * b, axes, n, True)",
    ): "where axes are named, n is 1, which selects and divides as True does",
    (
        "moments",
        "mean = np.vecdot(a, b)[..., np.newaxis] / n if axes == LAST else masked_mean(a * b, axes, True, n)",
        "mean = np.vecdot(b, a)[..., np.newaxis] / n if axes == LAST else masked_mean(a * b, axes, True, n)",
    ): EITHER_WAY,
    (
        "losses",
        "self.y = remembered(batch.spread(np.divide(exps, sums, out=exps)))",
        "self.y = remembered(batch.spread(np.divide(exps, sums)))",
    ): ONLY_MEMORY,
    (
        "losses",
        "rows = squared_error(batch.counted(x), batch.counted(t))",
        "rows = squared_error(batch.counted(t), batch.counted(x))",
    ): ONE_SIZE,
    ("regression", "e = _errors(batch, x, t)", "e = _errors(batch, t, x)"): ONE_SIZE,
    ("regression", "size = np.abs(_errors(batch, x, t))", "size = np.abs(_errors(batch, t, x))"): ONE_SIZE,
    (
        "similarity",
        "return np.array(y[..., 0], np.result_type(a, b))",
        "return np.array(y[..., -1], np.result_type(a, b))",
    ): ONE_COLUMN,
    (
        "similarity",
        "_, exponent = np.frexp(np.max(np.abs(x), axis=-1, keepdims=True, initial=0))",
        "_, exponent = np.frexp(np.max(np.abs(x), axis=-1, keepdims=True, initial=-1))",
    ): "no size is below 0, and to scale nothing, any exponent will do",
    (
        "embedding",
        "batch = Batch(given.shape, None if counts is True else np.broadcast_to(counts, given.shape))",
        "batch = Batch(given.shape, None if counts is False else np.broadcast_to(counts, given.shape))",
    ): ONE_BY_ONE,
    ("targets", "return weights.astype(np.result_type(x, np.float32))", "return weights"): WIDER,
    (
        "targets",
        "return weights.astype(np.result_type(x, np.float32))",
        "return weights.astype(np.result_type(x, np.float64))",
    ): WIDER,
    (
        "targets",
        "if share == 0:",
        "if share == -1:",
    ): "where nothing is given away, distributions take longer than class indices, and no more",
    (
        "targets",
        "return (1 - share) * _distributions(t, scores) + share / max(scores.shape[1], 1)",
        "return (1 - share) * _distributions(t, scores) + share / max(scores.shape[1], 2)",
    ): "a single class is certain, and costs nothing whatever its target",
    (
        "batches",
        "return Batch(x.shape, None if counts is True else np.broadcast_to(counts, x.shape), reduction)",
        "return Batch(x.shape, None if counts is False else np.broadcast_to(counts, x.shape), reduction)",
    ): ONE_BY_ONE,
    (
        "batches",
        "return batch_mean(losses, dtype) if self.reduction == 'mean' else dtype.type(long_sum(losses, 0))",
        "return batch_mean(losses, dtype) if self.reduction == 'mean' else dtype.type(long_sum(losses, -1))",
    ): ONE_AXIS,
    (
        "attention",
        "A = softmax.forward(np.broadcast_to(S, shape), None if counts is True else counts)",
        "A = softmax.forward(np.broadcast_to(S, shape), None if counts is False else counts)",
    ): ONE_BY_ONE,
    (
        "attention",
        "S = S + biases[0] if biases else S",
        "S = S + biases[-1] if biases else S",
    ): "there is one bias at most, which is the first and the last",
    (
        "attention",
        "shape, s = (_shape_of_pairs(where, *arrays), _scale(where, self.scale, arrays[0]))",
        "shape, s = (_shape_of_pairs(where, *arrays), _scale(where, self.scale, arrays[1]))",
    ): "queries and keys have as many numbers each",
    (
        "attention",
        "return tuple((sum_to(grad, array) for grad, array in zip((dq, dk, dv, dS), self.arrays, strict=False)))",
        "return tuple((sum_to(grad, array) for grad, array in zip((dq, dk, dv, dS), self.arrays)))",
    ): "unless it is told otherwise, zip is not strict",
    ("pairs", "if counts is True and shape[-1]:", "if counts is False and shape[-1]:"): ONE_BY_ONE,
    ("pairs", "return selected(uses > 0, rows, 0)", "return selected(uses > 0, rows, 1)"): HIDDEN,
    ("pairs", "return selected(uses > 0, rows, 0)", "return selected(uses > 0, rows, -1)"): HIDDEN,
    (
        "pairs",
        "uses = sum_to(counts.astype(np.float64), Spec((*rows.shape[:-1], 1), np.dtype(np.float64)))",
        "uses = sum_to(counts, Spec((*rows.shape[:-1], 1), np.dtype(np.float64)))",
    ): "booleans are summed in float64, too",
    ("pairs", "if counts is True or finite.all():", "if counts is True and finite.all():"): ONE_BY_ONE,
    ("pairs", "if counts is True or finite.all():", "if counts is False or finite.all():"): ONE_BY_ONE,
    (
        "alibi",
        "self.dslopes = sum_to(-dout * self.distances[..., np.newaxis, :, :], self.used).reshape(-1)",
        "self.dslopes = sum_to(-dout * self.distances[..., np.newaxis, :, :], self.used).reshape(-2)",
    ): ANY_LENGTH,
    (
        "pairs",
        "return np.where(reached, weights @ x, weights @ selected(finite, x, 0))",
        "return np.where(reached, weights @ x, weights @ selected(finite, x, 1))",
    ): HIDDEN,
    (
        "pairs",
        "return np.where(reached, weights @ x, weights @ selected(finite, x, 0))",
        "return np.where(reached, weights @ x, weights @ selected(finite, x, -1))",
    ): HIDDEN,
    (
        "composition",
        "h = self._beside(selected(counts, x, 0), 0, **masks, **options)",
        "h = self._beside(selected(counts, x, 1), 0, **masks, **options)",
    ): INERT,
    (
        "composition",
        "h = self._beside(selected(counts, x, 0), 0, **masks, **options)",
        "h = self._beside(selected(counts, x, -1), 0, **masks, **options)",
    ): INERT,
    (
        "rotary",
        "return np.arange(x.shape[-2], dtype=np.float64)",
        "return np.arange(x.shape[-2])",
    ): "whole numbers times frequencies are in float64, too",
    (
        "multi_head",
        "arrays = dict(zip(given, floating_together(where, **given), strict=True))",
        "arrays = dict(zip(given, floating_together(where, **given)))",
    ): ONE_LENGTH,
    (
        "multi_head",
        "arrays = dict(zip(given, floating_together(where, **given), strict=True))",
        "arrays = dict(zip(given, floating_together(where, **given), strict=False))",
    ): ONE_LENGTH,
    (
        "multi_head",
        "return selected(counts[..., np.newaxis, :, 0], positions, 0)",
        "return selected(counts[..., np.newaxis, :, 0], positions, 1)",
    ): INERT,
    (
        "multi_head",
        "return selected(counts[..., np.newaxis, :, 0], positions, 0)",
        "return selected(counts[..., np.newaxis, :, 0], positions, -1)",
    ): INERT,
    (
        "multi_head",
        "return selected(counts[..., np.newaxis, :, 0], positions, 0)",
        "return selected(counts[..., np.newaxis, :, -1], positions, 0)",
    ): ONE_COLUMN,
    (
        "multi_head",
        "given = dict(zip(PARAMS, (Wq, Wk, Wv, Wo, bq, bk, bv, bo), strict=True))",
        "given = dict(zip(PARAMS, (Wq, Wk, Wv, Wo, bq, bk, bv, bo)))",
    ): ONE_LENGTH,
    (
        "multi_head",
        "given = dict(zip(PARAMS, (Wq, Wk, Wv, Wo, bq, bk, bv, bo), strict=True))",
        "given = dict(zip(PARAMS, (Wq, Wk, Wv, Wo, bq, bk, bv, bo), strict=False))",
    ): ONE_LENGTH,
    (
        "multi_head",
        "for each, part in zip('qkvo', (*(heads.affine for heads in self.projected), self.output), strict=True):",
        "for each, part in zip('qkvo', (*(heads.affine for heads in self.projected), self.output)):",
    ): ONE_LENGTH,
    (
        "multi_head",
        "for each, part in zip('qkvo', (*(heads.affine for heads in self.projected), self.output), strict=True):",
        "for each, part in zip('qkvo', (*(heads.affine for heads in self.projected), self.output), strict=False):",
    ): ONE_LENGTH,
    (
        "multi_head",
        "return grads if len(grads) > 1 else grads[0]",
        "return grads if len(grads) > 1 else grads[-1]",
    ): "there is one gradient then, which is the first and the last",
}
