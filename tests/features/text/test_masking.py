"""No number by which a person can be reached or named is stored, and no code of goods is lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.masking import mask

TELEPHONES = [
    "13812345678",
    "138-1234-5678",
    "138 1234 5678",
    "+8613812345678",
    "+86 138-1234-5678",
    "0086 13812345678",
    "8613812345678",
    "13812345678",
    "１３８１２３４５６７８",
    "一三八一二三四五六七八",
    "幺三八一二三四五六七八",
    "1381-234-5678",
    "010-82345678",
    "01082345678",
    "(0731)8234567",
    "(0731)82345678",
    "0731-82345678-801",
    "0731-8234567转12",
    "400-123-4567",
    "4008-123-456",
    "+1 (415) 555-2671",
    "+44 20 7946 0958",
    "１３８－１２３４－５６７８",
]
IDENTITIES = [
    "430102199001011234",
    "43010219900101123X",
    "43010219900101123x",
    "430102 19900101 1234",
    "430102900101123",
    "４３０１０２１９９００１０１１２３Ｘ",
]
ADDRESSES = ["zhang.san@example.com", "a+b@mail.example.com.cn", "ZHANG＠EXAMPLE．COM", "x_1 @ qq.com"]
GOODS = [
    "0203290090",
    "4001210000",
    "8001100090",
    "2204210000103",
    "6901234567892",
    "22042100",
    "批号20240131A",
    "3.5%",
    "12345",
    "1990-01-01",
    "450.50元",
    "60度",
    "500ml*6",
    "2225202410001",
    "第一百二十三条",
    "一二三四五六",
]


@pytest.mark.parametrize("number", TELEPHONES)
def test_a_telephone_number_is_masked_however_it_is_written(number):
    assert mask(f"请回电{number},谢谢") == "请回电[电话],谢谢"
    assert mask(number) == "[电话]"


@pytest.mark.parametrize("number", IDENTITIES)
def test_an_identity_number_is_masked(number):
    assert mask(f"身份证号{number}。") == "身份证号[证件号]。"


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_e_mail_address_is_masked(address):
    assert mask(f"邮箱:{address},收") == "邮箱:[邮箱],收"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话82345678找我", "电话[电话]找我"),
        ("加微信:zhang_san88", "加[账号]"),
        ("QQ 123456789", "[账号]"),
    ],
)
def test_what_is_said_to_be_a_number_to_call_is_masked(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize("code", GOODS)
def test_codes_of_goods_and_plain_numbers_stay(code):
    text = f"商品 {code} 有问题"
    assert mask(text) == text


def test_several_in_one_text_all_go_and_the_rest_stays_as_written():
    text = "ＡＢＣ牌奶瓶漏水,联系13812345678或li@example.com,身份证430102199001011234"
    assert mask(text) == "ＡＢＣ牌奶瓶漏水,联系[电话]或[邮箱],身份证[证件号]"


@given(st.text() | st.text(alphabet="0123456789-+() @.xX１２一三八电话微信qq转", max_size=60))
def test_masking_twice_changes_nothing_more(text):
    once = mask(text)
    assert mask(once) == once


@pytest.mark.parametrize("filler", ["a", "1", "1-", "a.", "+1 ", "0731", "一", "@a.", " "])
def test_a_long_text_made_to_be_slow_is_not(filler):
    text = (filler * 20_000)[:20_000]
    begun = time.process_time()
    mask(text)
    assert time.process_time() - begun < 0.5
