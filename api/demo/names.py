"""Invented names. Every one says that it is: 张示例, 李样本, 王演示; none is a person's.

Holders of posts are called after one set of words, the two sides of cases after another, so
that nobody stands on both.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

_SURNAMES = (
    "张李王刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_STAFF = ("示例", "样本", "演示", "试用", "范例", "虚构", "模拟", "假设", "例证", "样例")
_SIDES = ("某甲", "某乙", "某丙", "某丁", "某戊", "某己", "某庚", "某辛", "某壬", "某癸")
_PHONE = "0719-000{:04}"
"""No number begins like this."""


def staff() -> Iterator[str]:
    """Names for holders of posts, each once."""
    return _pairs(_STAFF)


def sides() -> Iterator[str]:
    """Names for the parties of cases, each once."""
    return _pairs(_SIDES)


def phones() -> Iterator[str]:
    """Telephone numbers that nobody has."""
    return (_PHONE.format(n) for n in itertools.count(1))


def _pairs(words: tuple[str, ...]) -> Iterator[str]:
    """All pairs of surname and word; the words change fastest, so that neighbours differ."""
    surnames = tuple(dict.fromkeys(_SURNAMES))
    for shift in range(len(words)):
        for k, surname in enumerate(surnames):
            yield surname + words[(k + shift) % len(words)]
