"""Classes of *Deep Learning from Scratch*, with the functions they need: those of chapter 5 as the book has them.

Those of other chapters, and of the second volume, are shortened to what they compute.
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    x = x - np.max(x, axis=-1, keepdims=True)
    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)


def cross_entropy_error(y, t):
    if y.ndim == 1:
        t = t.reshape(1, t.size)
        y = y.reshape(1, y.size)
    if t.size == y.size:
        t = t.argmax(axis=1)
    batch_size = y.shape[0]
    return -np.sum(np.log(y[np.arange(batch_size), t] + 1e-7)) / batch_size


def sum_squared_error(y, t):
    return 0.5 * np.sum((y - t) ** 2)


class Relu:
    def __init__(self):
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        dx = dout
        return dx


class Sigmoid:
    def __init__(self):
        self.out = None

    def forward(self, x):
        out = sigmoid(x)
        self.out = out
        return out

    def backward(self, dout):
        dx = dout * (1.0 - self.out) * self.out
        return dx


class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        out = np.dot(x, self.W) + self.b
        return out

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx


class SoftmaxWithLoss:
    def __init__(self):
        self.loss = None
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        self.y = softmax(x)
        self.loss = cross_entropy_error(self.y, self.t)
        return self.loss

    def backward(self, dout=1):
        batch_size = self.t.shape[0]
        dx = (self.y - self.t) / batch_size
        return dx


def softmax_of_one_or_two_axes(x):
    if x.ndim == 2:
        x = x - x.max(axis=1, keepdims=True)
        x = np.exp(x)
        x /= x.sum(axis=1, keepdims=True)
    elif x.ndim == 1:
        x = x - np.max(x)
        x = np.exp(x) / np.sum(np.exp(x))
    return x


class Softmax:
    def __init__(self):
        self.params, self.grads = [], []
        self.out = None

    def forward(self, x):
        self.out = softmax_of_one_or_two_axes(x)
        return self.out

    def backward(self, dout):
        dx = self.out * dout
        sumdx = np.sum(dx, axis=1, keepdims=True)
        dx -= self.out * sumdx
        return dx


class SigmoidWithLoss:
    def forward(self, x, t):
        self.t = t
        self.y = sigmoid(x)
        self.loss = cross_entropy_error(np.c_[1 - self.y, self.y], t)
        return self.loss

    def backward(self, dout=1):
        return (self.y - self.t) * dout / self.t.shape[0]


class TimeSoftmaxWithLoss:
    def forward(self, x, t):
        self.shape, self.t = x.shape, t.reshape(-1)
        self.rows, self.mask = np.arange(self.t.size), self.t != -1
        self.y = softmax(x.reshape(-1, x.shape[-1]))
        losses = np.log(self.y[self.rows, self.t]) * self.mask
        return -np.sum(losses) / self.mask.sum()

    def backward(self, dout=1):
        dx = self.y
        dx[self.rows, self.t] -= 1
        dx *= dout
        dx /= self.mask.sum()
        dx *= self.mask[:, np.newaxis]
        return dx.reshape(self.shape)


class Dropout:
    def __init__(self, dropout_ratio=0.5):
        self.dropout_ratio = dropout_ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.dropout_ratio
            return x * self.mask
        else:
            return x * (1.0 - self.dropout_ratio)

    def backward(self, dout):
        return dout * self.mask


class Embedding:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        out = W[idx]
        return out

    def backward(self, dout):
        (dW,) = self.grads
        dW[...] = 0
        dW[self.idx] = dout
        return None


class BatchNormalization:
    def __init__(self, gamma, beta, momentum=0.9, running_mean=None, running_var=None):
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.running_mean = running_mean
        self.running_var = running_var
        self.batch_size = None
        self.xc = None
        self.xn = None
        self.std = None
        self.dgamma = None
        self.dbeta = None

    def forward(self, x, train_flg=True):
        rows = x.reshape(x.shape[0], -1)
        if self.running_mean is None:
            self.running_mean = np.zeros(rows.shape[1])
            self.running_var = np.zeros(rows.shape[1])
        xn = self.of_batch(rows) if train_flg else self.of_running(rows)
        out = self.gamma * xn + self.beta
        return out.reshape(x.shape)

    def of_running(self, rows):
        return (rows - self.running_mean) / np.sqrt(self.running_var + 10e-7)

    def of_batch(self, rows):
        mu = rows.mean(axis=0)
        self.xc = rows - mu
        var = np.mean(self.xc**2, axis=0)
        self.std = np.sqrt(var + 10e-7)
        self.xn = self.xc / self.std
        self.batch_size = rows.shape[0]
        self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
        self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        return self.xn

    def backward(self, dout):
        rows = dout.reshape(dout.shape[0], -1)
        self.dbeta = rows.sum(axis=0)
        self.dgamma = np.sum(self.xn * rows, axis=0)
        dxn = self.gamma * rows
        dstd = -np.sum(dxn * self.xc / self.std**2, axis=0)
        dvar = 0.5 * dstd / self.std
        dxc = dxn / self.std + 2.0 * self.xc * dvar / self.batch_size
        dx = dxc - dxc.sum(axis=0) / self.batch_size
        return dx.reshape(dout.shape)
